package dev.tessera.transform;

import dev.tessera.field.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/**
 * Looks at the values of a field and chooses the function that spreads them: the rule of {@link
 * NormalizerChoice}. Positive values are counted in bins of equal ratio (one exponent and the first
 * four bits of the mantissa, so a bin is at most 6 % wide).
 */
final class ValueSurvey {
  /** The middle values: all but a hundredth at either end. */
  private static final double TAIL = 0.01;

  /** Middle values that take less of the range than this are worth spreading. */
  private static final double CROWDED = 0.3;

  /** What a function must bring to be taken. */
  private static final double GAIN = 1.5;

  /** Negative values up to this share of the largest value are left over from arithmetic. */
  private static final double NEGLIGIBLE = 1e-3;

  private static final int DROPPED_BITS = 48;
  private static final int BINS = 1 << (Long.SIZE - 1 - DROPPED_BITS);

  private final DataType type;
  private final long[] positive = new long[BINS];
  private long notPositive;
  private double least = Double.POSITIVE_INFINITY;
  private double greatest = Double.NEGATIVE_INFINITY;

  ValueSurvey(DataType type) {
    this.type = type;
  }

  /** Counts the first {@code count} values, which are finite. */
  void accept(double[] values, int count) {
    for (int i = 0; i < count; i++) {
      double value = values[i];
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
      if (value > 0) {
        positive[(int) (Double.doubleToRawLongBits(value) >>> DROPPED_BITS)]++;
      } else {
        notPositive++;
      }
    }
  }

  /** The pointwise stage to put first; empty where values are spread well enough as they are. */
  Optional<NormalizerSpec.Stage> choose() {
    if (!(greatest > least) || least < -NEGLIGIBLE * greatest) {
      return Optional.empty();
    }
    double low = quantile(TAIL);
    double high = quantile(1 - TAIL);
    double share = share(x -> x, low, high);
    if (share >= CROWDED) {
      return Optional.empty();
    }
    double wanted = GAIN * share;
    return candidates().stream()
        .filter(stage -> share(function(stage), low, high) >= wanted)
        .findFirst();
  }

  private List<NormalizerSpec.Stage> candidates() {
    List<NormalizerSpec.Stage> candidates = new ArrayList<>();
    if (least > 0) {
      candidates.add(NormalizerSpec.Stage.pointwise(NormalizerSpec.Kind.LOG10));
    }
    if (!type.isFloat()) {
      candidates.add(NormalizerSpec.Stage.pointwise(NormalizerSpec.Kind.LOG1P));
    } else {
      double median = beyond(0.5 * (total() - notPositive));
      double scale = Math.max(Double.MIN_NORMAL, Math.pow(10, Math.rint(Math.log10(median))));
      candidates.add(NormalizerSpec.Stage.pointwise(NormalizerSpec.Kind.ASINH, scale));
    }
    return candidates;
  }

  private static DoubleUnaryOperator function(NormalizerSpec.Stage stage) {
    return switch (stage.kind()) {
      case LOG10 -> ElementaryFunctions::log10;
      case LOG1P -> ElementaryFunctions::log1p;
      default -> x -> ElementaryFunctions.asinh(x, stage.scale());
    };
  }

  /** Part of the range that the values between two take, under an increasing function. */
  private double share(DoubleUnaryOperator function, double low, double high) {
    double range = function.applyAsDouble(greatest) - function.applyAsDouble(least);
    double middle = function.applyAsDouble(high) - function.applyAsDouble(low);
    return range > 0 ? middle / range : 1;
  }

  /** A value that a share of all values do not exceed, to the width of a bin. */
  private double quantile(double share) {
    double wanted = share * total();
    return wanted <= notPositive ? Math.min(0, greatest) : beyond(wanted - notPositive);
  }

  private long total() {
    return notPositive + Arrays.stream(positive).sum();
  }

  /** The least value, to the width of a bin, that so many positive values do not exceed. */
  private double beyond(double wanted) {
    long below = 0;
    for (int bin = 0; bin < BINS; bin++) {
      below += positive[bin];
      if (below >= wanted && below > 0) {
        double start = Double.longBitsToDouble((long) bin << DROPPED_BITS);
        return Math.clamp(start, least, greatest);
      }
    }
    return greatest;
  }
}
