package dev.tessera.model;

import java.util.Arrays;

/**
 * A dense tensor of a model in C order. Weights are float32 whatever the file's own type (float16,
 * bfloat16 and float64 are converted on reading); tables are int32.
 */
public sealed interface Tensor {
  /** Extents, slowest first; empty for a scalar. */
  int[] shape();

  /** Number of values. */
  default int size() {
    return Arrays.stream(shape()).reduce(1, Math::multiplyExact);
  }

  /** Extent of an axis. */
  default int dim(int axis) {
    return shape()[axis];
  }

  /** Real values. */
  record Floats(int[] shape, float[] values) implements Tensor {
    /** Checks that the values fill the shape. */
    public Floats {
      requireSize(shape, values.length);
    }
  }

  /** Integer values. */
  record Ints(int[] shape, int[] values) implements Tensor {
    /** Checks that the values fill the shape. */
    public Ints {
      requireSize(shape, values.length);
    }
  }

  private static void requireSize(int[] shape, int length) {
    if (Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact) != length) {
      throw new IllegalArgumentException(length + " values for shape " + Arrays.toString(shape));
    }
  }
}
