package dev.tessera.transform;

import dev.tessera.field.DataType;

/**
 * The pointwise stages of a normalizer for one element type, all increasing functions, and the
 * interval of values that the whole chain accepts.
 */
final class PointwiseChain {
  private final NormalizerSpec.Stage[] stages;
  private final Affine range;
  private final double rangeLow;
  private final double rangeHigh;
  private final double lowest;
  private final double highest;

  PointwiseChain(NormalizerSpec spec, DataType type) {
    this.stages =
        spec.stages().stream()
            .filter(stage -> stage.kind().pointwise())
            .toArray(NormalizerSpec.Stage[]::new);
    NormalizerSpec.Stage last = spec.stages().isEmpty() ? null : spec.stages().getLast();
    if (last != null && last.kind() == NormalizerSpec.Kind.RANGE) {
      boolean explicit = !last.arguments().isEmpty();
      rangeLow = explicit ? last.arguments().get(0) : type.isFloat() ? 0 : type.min();
      rangeHigh = explicit ? last.arguments().get(1) : type.isFloat() ? 1 : type.max();
      range = Affine.between(rangeLow, rangeHigh);
    } else {
      rangeLow = Double.NEGATIVE_INFINITY;
      rangeHigh = Double.POSITIVE_INFINITY;
      range = null;
    }
    this.lowest = firstValue(0);
    this.highest = Math.nextDown(firstValue(1));
  }

  /** The affine map of a {@code range} stage; null without one. */
  Affine range() {
    return range;
  }

  /** The least value that every stage accepts. */
  double lowest() {
    return lowest;
  }

  /** The greatest value that every stage accepts. */
  double highest() {
    return highest;
  }

  /** Whether every stage accepts the value. */
  boolean inDomain(double value) {
    return value >= lowest && value <= highest;
  }

  /**
   * The least value that is not placed below {@code side}. All stages are increasing, so the values
   * before, in and after the domain follow each other and bisection over the ordered doubles finds
   * the exact limits.
   */
  private double firstValue(int side) {
    long low = ordered(-Double.MAX_VALUE);
    long high = ordered(Double.POSITIVE_INFINITY);
    while (low < high) {
      long middle = (low & high) + ((low ^ high) >> 1); // a mean that does not overflow
      if (place(Double.longBitsToDouble(ordered(middle))) >= side) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return Double.longBitsToDouble(ordered(low));
  }

  /** Maps bits of doubles to integers of the same order, and back. */
  private static long ordered(double value) {
    return ordered(Double.doubleToRawLongBits(value));
  }

  private static long ordered(long bits) {
    return bits ^ (bits >> 63 & Long.MAX_VALUE);
  }

  /** −1, 0 or 1: before, in or after the domain. */
  private int place(double value) {
    double x = value;
    if (Double.isInfinite(x)) {
      return x < 0 ? -1 : 1;
    }
    for (NormalizerSpec.Stage stage : stages) {
      switch (stage.kind()) {
        case LOG10 -> {
          if (!(x > 0)) {
            return -1;
          }
        }
        case LOG1P -> {
          if (!(x > -1)) {
            return -1;
          }
        }
        default -> {}
      }
      x = apply(stage, x);
    }
    return x < rangeLow ? -1 : x > rangeHigh ? 1 : 0;
  }

  /** The chain's function of one value of the domain. */
  double forward(double value) {
    double x = value;
    for (NormalizerSpec.Stage stage : stages) {
      x = apply(stage, x);
    }
    return x;
  }

  /** The chain's function of the first {@code count} values, in place. */
  void forward(double[] values, int count) {
    for (NormalizerSpec.Stage stage : stages) {
      double scale = stage.scale();
      switch (stage.kind()) {
        case LOG10 -> {
          for (int i = 0; i < count; i++) {
            values[i] = ElementaryFunctions.log10(values[i]);
          }
        }
        case LOG1P -> {
          for (int i = 0; i < count; i++) {
            values[i] = ElementaryFunctions.log1p(values[i]);
          }
        }
        default -> {
          for (int i = 0; i < count; i++) {
            values[i] = ElementaryFunctions.asinh(values[i], scale);
          }
        }
      }
    }
  }

  /** Undoes {@link #forward(double[], int)}, in place. */
  void inverse(double[] values, int count) {
    for (int s = stages.length - 1; s >= 0; s--) {
      double scale = stages[s].scale();
      switch (stages[s].kind()) {
        case LOG10 -> {
          for (int i = 0; i < count; i++) {
            values[i] = ElementaryFunctions.pow10(values[i]);
          }
        }
        case LOG1P -> {
          for (int i = 0; i < count; i++) {
            values[i] = ElementaryFunctions.expm1(values[i]);
          }
        }
        default -> {
          for (int i = 0; i < count; i++) {
            values[i] = ElementaryFunctions.sinh(values[i], scale);
          }
        }
      }
    }
  }

  private static double apply(NormalizerSpec.Stage stage, double x) {
    return switch (stage.kind()) {
      case LOG10 -> ElementaryFunctions.log10(x);
      case LOG1P -> ElementaryFunctions.log1p(x);
      default -> ElementaryFunctions.asinh(x, stage.scale());
    };
  }
}
