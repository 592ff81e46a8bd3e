package dev.tessera.train.data;

import dev.tessera.field.Shape;

/**
 * A field seen as volumes of depth × height × width: its last three axes, as often as the axes
 * before them say. A field of rows and columns is one volume one plane deep, a vector has one row.
 *
 * @param count volumes, in C order of the axes before the last three
 * @param depth planes of a volume
 * @param height rows of a plane
 * @param width columns of a plane
 */
record Volumes(long count, long depth, long height, long width) {
  static Volumes of(Shape shape) {
    long depth = shape.rank() >= 3 ? shape.dim(shape.rank() - 3) : 1;
    return new Volumes(shape.slices() / depth, depth, shape.height(), shape.width());
  }

  /** Length of an axis of a volume: 0 is z, 1 is y, 2 is x. */
  long extent(int axis) {
    return switch (axis) {
      case 0 -> depth;
      case 1 -> height;
      default -> width;
    };
  }

  /** Planes across an axis, over all volumes. */
  long slices(int axis) {
    return count * extent(axis);
  }

  long elements() {
    return count * depth * height * width;
  }
}
