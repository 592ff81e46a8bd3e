package dev.tessera.transform;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/**
 * Looks at the values of a field and chooses the function that spreads them: the rule of {@link
 * NormalizerChoice}. Quantiles are those of a sample, which depends on the values and their order
 * alone.
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

  private static final int SAMPLES = 1 << 16;

  // every value whose number has a hash with that many zero bits at its end
  private final double[] sample = new double[SAMPLES];
  private final long[] hashes = new long[SAMPLES];
  private int sampled;
  private int zeroBits;
  private long seen;
  private double least = Double.POSITIVE_INFINITY;
  private double greatest = Double.NEGATIVE_INFINITY;

  /** Takes the first {@code count} values, which are finite, into account. */
  void accept(double[] values, int count) {
    for (int i = 0; i < count; i++) {
      double value = values[i];
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
      long hash = hash(seen++);
      if (isSampled(hash)) {
        keep(value, hash);
      }
    }
  }

  /** The finalizer of SplitMix64: numbers in a row must not fall on the same columns. */
  private static long hash(long number) {
    long z = (number + 1) * 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private boolean isSampled(long hash) {
    return Long.numberOfTrailingZeros(hash) >= zeroBits;
  }

  private void keep(double value, long hash) {
    while (sampled == SAMPLES) {
      zeroBits++;
      sampled = 0;
      for (int i = 0; i < SAMPLES; i++) {
        if (isSampled(hashes[i])) {
          sample[sampled] = sample[i];
          hashes[sampled++] = hashes[i];
        }
      }
    }
    if (isSampled(hash)) {
      sample[sampled] = value;
      hashes[sampled++] = hash;
    }
  }

  /** The pointwise stage to put first; empty where values are spread well enough as they are. */
  Optional<NormalizerSpec.Stage> choose() {
    if (!(greatest > least) || least < -NEGLIGIBLE * greatest) {
      return Optional.empty();
    }
    double[] sorted = Arrays.copyOf(sample, sampled);
    Arrays.sort(sorted);
    double low = quantile(sorted, TAIL);
    double high = quantile(sorted, 1 - TAIL);
    double share = share(x -> x, low, high);
    if (share >= CROWDED) {
      return Optional.empty();
    }
    double scale = scale(sorted, high);
    double logarithm = least > 0 ? share(ElementaryFunctions::log10, low, high) : 0;
    double inverseSine = share(x -> ElementaryFunctions.asinh(x, scale), low, high);
    if (Math.max(logarithm, inverseSine) < GAIN * share) {
      return Optional.empty();
    }
    // where nearly all values are equal, all shares are 0, and zeros may be among the values
    return Optional.of(
        least > 0 && logarithm >= inverseSine
            ? NormalizerSpec.Stage.pointwise(NormalizerSpec.Kind.LOG10)
            : NormalizerSpec.Stage.pointwise(NormalizerSpec.Kind.ASINH, scale));
  }

  /** Where the middle of the values ends; of the positive ones, if few are. */
  private static double scale(double[] sorted, double high) {
    double knee = high;
    if (!(knee > 0)) {
      double[] positive = Arrays.stream(sorted).filter(value -> value > 0).toArray();
      knee = positive.length == 0 ? 1 : quantile(positive, 1 - TAIL);
    }
    double rounded = new BigDecimal(knee).round(new MathContext(1)).doubleValue();
    return Math.max(Double.MIN_NORMAL, rounded);
  }

  private static double quantile(double[] sorted, double share) {
    return sorted[(int) Math.round(share * (sorted.length - 1))];
  }

  /** Part of the range that the values between two take, under an increasing function. */
  private double share(DoubleUnaryOperator function, double low, double high) {
    double range = function.applyAsDouble(greatest) - function.applyAsDouble(least);
    double middle = function.applyAsDouble(high) - function.applyAsDouble(low);
    return range > 0 ? middle / range : 1;
  }
}
