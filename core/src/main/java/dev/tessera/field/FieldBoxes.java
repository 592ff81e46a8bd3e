package dev.tessera.field;

/**
 * The parts in which a whole field is read: rows of one slice, or a part of a row where that is
 * long, in C order. Used by one thread at a time.
 */
public final class FieldBoxes {
  /** Values of a box where nothing else is asked for. */
  private static final int VALUES = 1 << 18;

  /** One part: rows and columns of a slice. */
  public record Box(long slice, long row, long rows, long col, long cols) {
    /** Values in it. */
    public int count() {
      return Math.toIntExact(rows * cols);
    }
  }

  private final Shape shape;
  private final long rows;
  private final long cols;
  private long slice;
  private long row;
  private long col;

  /** Boxes of a size that is read fast and lies in a processor's cache. */
  public FieldBoxes(Shape shape) {
    this(shape, VALUES);
  }

  /**
   * Boxes of a size.
   *
   * @param values in a box at most
   */
  public FieldBoxes(Shape shape, int values) {
    this.shape = shape;
    this.cols = Math.min(shape.width(), values);
    this.rows = Math.clamp(values / cols, 1, shape.height());
  }

  /** Rows of the largest box. */
  public int rows() {
    return Math.toIntExact(rows);
  }

  /** Columns of the largest box. */
  public int cols() {
    return Math.toIntExact(cols);
  }

  /** Values in the largest box. */
  public int capacity() {
    return Math.toIntExact(rows * cols);
  }

  /** The next one, or null where the field ends. */
  public Box next() {
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
