package dev.tessera.codec;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.field.Tile;

/** A box of a field: consecutive slices (counted over all leading axes), rows and columns. */
public record Selection(
    long firstSlice, long slices, long firstRow, long rows, long firstCol, long cols) {

  /** The whole field. */
  public static Selection all(Shape shape) {
    return new Selection(0, shape.slices(), 0, shape.height(), 0, shape.width());
  }

  /**
   * Fails unless the box is part of the field and not empty.
   *
   * @throws TesseraException.Invalid naming the axis and what there is
   */
  public void check(Shape shape) {
    checkAxis("slices", firstSlice, slices, shape.slices());
    checkAxis("rows", firstRow, rows, shape.height());
    checkAxis("columns", firstCol, cols, shape.width());
  }

  private static void checkAxis(String name, long first, long count, long size) {
    if (first < 0 || count < 1 || first > size - count) {
      throw new TesseraException.Invalid(
          name + " " + first + ":" + (first + count) + " are not a part of the field's 0:" + size);
    }
  }

  /**
   * The field that the box is. Where all slices are taken the leading axes stay; otherwise they
   * become one.
   */
  public FieldInfo of(FieldInfo whole) {
    Shape shape = whole.shape();
    if (equals(all(shape))) {
      return whole;
    }
    if (shape.rank() < 2) {
      return whole.withShape(Shape.of(cols));
    }
    if (slices == shape.slices()) {
      long[] dims = shape.dims();
      dims[dims.length - 2] = rows;
      dims[dims.length - 1] = cols;
      return whole.withShape(Shape.of(dims));
    }
    return whole.withShape(Shape.of(slices, rows, cols));
  }

  /** Whether any value of the box lies in a tile. */
  boolean touches(Tile tile) {
    return overlap(firstRow, rows, tile.row(), tile.rows())
        && overlap(firstCol, cols, tile.col(), tile.cols())
        && touchesSlices(tile);
  }

  private boolean touchesSlices(Tile tile) {
    for (int c = 0; c < tile.planes(); c++) {
      if (contains(tile.slices()[c])) {
        return true;
      }
    }
    return false;
  }

  /** Whether the box has a slice. */
  boolean contains(long slice) {
    return slice >= firstSlice && slice < firstSlice + slices;
  }

  private static boolean overlap(long a, long aCount, long b, long bCount) {
    return a < b + bCount && b < a + aCount;
  }
}
