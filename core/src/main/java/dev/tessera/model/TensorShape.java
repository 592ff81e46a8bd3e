package dev.tessera.model;

import dev.tessera.field.TesseraException;

/** Arithmetic of the shapes and strides that a model file states, which need not make sense. */
final class TensorShape {
  /** No tensor of a model has more axes. */
  static final int MAX_RANK = 8;

  /** Most values of one tensor; a model of N = M = 1024 stays below it. */
  static final long MAX_SIZE = 1L << 26;

  private TensorShape() {}

  /** What {@link #forEachOffset} calls. */
  @FunctionalInterface
  interface Visitor {
    /**
     * One element.
     *
     * @param index in C order
     * @param offset elements from the tensor's first
     */
    void visit(int index, long offset);
  }

  /** Number of values. */
  static long size(int[] shape) {
    long size = 1;
    for (int extent : shape) {
      size = Math.multiplyExact(size, extent);
    }
    return size;
  }

  /**
   * Checks extents from a file.
   *
   * @throws TesseraException.Corrupt if they are negative, too many, or too large together
   */
  static int[] checked(String tensor, long[] extents) {
    if (extents.length > MAX_RANK) {
      throw new TesseraException.Corrupt(
          "the tensor '" + tensor + "' claims " + extents.length + " axes", -1);
    }
    int[] shape = new int[extents.length];
    boolean empty = false;
    long size = 1;
    for (int i = 0; i < extents.length; i++) {
      if (extents[i] < 0 || extents[i] > MAX_SIZE) {
        throw new TesseraException.Corrupt(
            "the tensor '" + tensor + "' claims an extent of " + extents[i], -1);
      }
      empty |= extents[i] == 0;
      shape[i] = (int) extents[i];
    }
    for (int extent : shape) {
      size = empty ? 0 : size * extent;
      if (size > MAX_SIZE) {
        throw new TesseraException.Corrupt(
            "the tensor '" + tensor + "' claims more values than any supported model has", -1);
      }
    }
    return shape;
  }

  /** Strides of a contiguous tensor in C order. */
  static long[] contiguousStrides(int[] shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape[i];
    }
    return strides;
  }

  /**
   * Elements from the first to the last of a strided tensor, both counted; 0 of an empty one.
   *
   * @throws ArithmeticException if that exceeds 64 bits
   */
  static long extent(int[] shape, long[] strides) {
    long last = 0;
    for (int i = 0; i < shape.length; i++) {
      if (shape[i] == 0) {
        return 0;
      }
      last = Math.addExact(last, Math.multiplyExact(shape[i] - 1L, strides[i]));
    }
    return last + 1;
  }

  /** Visits every element in C order. */
  static void forEachOffset(int[] shape, long[] strides, Visitor visitor) {
    int size = Math.toIntExact(size(shape));
    int[] position = new int[shape.length];
    long offset = 0;
    for (int i = 0; i < size; i++) {
      visitor.visit(i, offset);
      for (int axis = shape.length - 1; axis >= 0; axis--) {
        offset += strides[axis];
        if (++position[axis] < shape[axis]) {
          break;
        }
        offset -= strides[axis] * shape[axis];
        position[axis] = 0;
      }
    }
  }
}
