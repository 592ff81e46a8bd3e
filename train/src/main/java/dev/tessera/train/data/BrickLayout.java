package dev.tessera.train.data;

/**
 * How the cache orders values: in bricks of 1024, a page of memory each, so that a crop touches few
 * pages whichever way it lies. Bricks follow each other in C order, and so do the values of each;
 * those at the far ends are filled up with zeros.
 *
 * @param volumes the field
 * @param depth planes of a brick
 * @param height rows of a brick
 * @param width columns of a brick
 */
record BrickLayout(Volumes volumes, int depth, int height, int width) {
  /** Values of a brick. */
  static final int VALUES = 1024;

  static BrickLayout of(Volumes volumes) {
    if (volumes.depth() >= 8) {
      return new BrickLayout(volumes, 8, 8, 16);
    }
    return volumes.height() >= 8
        ? new BrickLayout(volumes, 1, 16, 64)
        : new BrickLayout(volumes, 1, 1, VALUES);
  }

  long deep() {
    return Math.ceilDiv(volumes.depth(), (long) depth);
  }

  long high() {
    return Math.ceilDiv(volumes.height(), (long) height);
  }

  long wide() {
    return Math.ceilDiv(volumes.width(), (long) width);
  }

  /** Bytes of the whole field. */
  long bytes() {
    long bricks = Math.multiplyExact(volumes.count() * deep(), Math.multiplyExact(high(), wide()));
    return Math.multiplyExact(4L * VALUES, bricks);
  }

  /** Number of the brick at the given place among the bricks of its volume. */
  long brick(long volume, long z, long y, long x) {
    return ((volume * deep() + z) * high() + y) * wide() + x;
  }
}
