package dev.tessera.train.data;

/**
 * How a volume is cut: the axis along which planes follow each other, and the axes that are a
 * plane's rows and columns (0 is z, 1 is y, 2 is x). {@link #Z} cuts as the codec does.
 */
enum Orientation {
  Z(1, 2),
  Y(0, 2),
  X(0, 1);

  private final int rowAxis;
  private final int columnAxis;

  Orientation(int rowAxis, int columnAxis) {
    this.rowAxis = rowAxis;
    this.columnAxis = columnAxis;
  }

  /** The axis along which planes follow each other. */
  int axis() {
    return ordinal();
  }

  /** The axis along which a plane's rows follow each other. */
  int rowAxis() {
    return rowAxis;
  }

  /** The axis along which a row runs. */
  int columnAxis() {
    return columnAxis;
  }
}
