package dev.tessera.synth;

/** Extents of a field in C order, slowest axis first; depth may be time or a channel. */
record Grid(int depth, int height, int width) {
  int cells() {
    return Math.multiplyExact(Math.multiplyExact(depth, height), width);
  }

  /** Cells of a plane. */
  int plane() {
    return height * width;
  }

  int index(int z, int y, int x) {
    return (z * height + y) * width + x;
  }

  /** A plane of it. */
  Grid flat() {
    return new Grid(1, height, width);
  }
}
