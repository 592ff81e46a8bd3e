package dev.tessera.codec;

import dev.tessera.field.Shape;

/**
 * The parts in which a first pass reads a field: rows of one slice, or a part of a row where that
 * is long, in C order. Used by one thread at a time.
 */
final class FieldBoxes {
  private static final int VALUES = 1 << 18;

  /** One part: rows and columns of a slice. */
  record Box(long slice, long row, long rows, long col, long cols) {
    /** Values in it. */
    int count() {
      return Math.toIntExact(rows * cols);
    }
  }

  private final Shape shape;
  private final long rows;
  private final long cols;
  private long slice;
  private long row;
  private long col;

  FieldBoxes(Shape shape) {
    this.shape = shape;
    this.cols = Math.min(shape.width(), VALUES);
    this.rows = Math.clamp(VALUES / cols, 1, shape.height());
  }

  /** Values in the largest box. */
  int capacity() {
    return Math.toIntExact(rows * cols);
  }

  /** The next one, or null where the field ends. */
  Box next() {
    if (slice == shape.slices()) {
      return null;
    }
    Box box =
        new Box(
            slice,
            row,
            Math.min(rows, shape.height() - row),
            col,
            Math.min(cols, shape.width() - col));
    col += box.cols();
    if (col == shape.width()) {
      col = 0;
      row += box.rows();
    }
    if (row == shape.height()) {
      row = 0;
      slice++;
    }
    return box;
  }
}
