package dev.tessera.field;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Extent of a field along each axis, slowest axis first (C order). A field is seen as a sequence of
 * slices: the planes of its last two axes. A vector of n values is one slice of 1×n, a scalar one
 * of 1×1.
 */
public final class Shape {
  private final long[] dims;
  private final long elements;

  private Shape(long[] dims) {
    this.dims = dims;
    long product = 1;
    for (long dim : dims) {
      if (dim < 1) {
        throw new TesseraException.Invalid(
            "a field needs at least one value along every axis, not " + join(dims));
      }
      try {
        product = Math.multiplyExact(product, dim);
      } catch (ArithmeticException e) {
        throw new TesseraException.Invalid(
            "the shape " + join(dims) + " has more than 2^63 values");
      }
    }
    this.elements = product;
  }

  /**
   * A shape of the given extents, slowest axis first.
   *
   * @throws TesseraException.Invalid if an extent is below 1 or the product exceeds 2^63 − 1
   */
  public static Shape of(long... dims) {
    return new Shape(dims.clone());
  }

  /**
   * Reads {@code 48x128x128} (or the same with commas).
   *
   * @throws TesseraException.Invalid if the text is not a shape
   */
  public static Shape parse(String text) {
    try {
      return of(
          Arrays.stream(text.strip().split("[x,×]"))
              .mapToLong(s -> Long.parseLong(s.strip()))
              .toArray());
    } catch (NumberFormatException e) {
      throw new TesseraException.Invalid("'" + text + "' is not a shape: write it like 48x128x128");
    }
  }

  public int rank() {
    return dims.length;
  }

  public long dim(int axis) {
    return dims[axis];
  }

  /** The extents, slowest axis first, as a copy. */
  public long[] dims() {
    return dims.clone();
  }

  /** Number of values. */
  public long elements() {
    return elements;
  }

  /** Rows of a slice. */
  public long height() {
    return dims.length >= 2 ? dims[dims.length - 2] : 1;
  }

  /** Columns of a slice. */
  public long width() {
    return dims.length >= 1 ? dims[dims.length - 1] : 1;
  }

  /** Number of slices. */
  public long slices() {
    return elements / (height() * width());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** As {@code 48x128x128}, or {@code scalar}. */
  @Override
  public String toString() {
    return dims.length == 0 ? "scalar" : join(dims);
  }

  private static String join(long[] dims) {
    return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining("x"));
  }
}
