package dev.tessera.quality;

import dev.tessera.field.TesseraException;
import java.util.Locale;

/**
 * The mean distance between two rate-distortion curves over what they share (Bjøntegaard, ITU-T
 * SG16 VCEG-M33, 2001). Curves are PSNR against the logarithm of the rate, through their points by
 * {@link MonotoneCubic} in place of one polynomial, which may swing between points (as JCT-VC and
 * the Alliance for Open Media came to do). Nothing is extrapolated.
 *
 * <p>Of a curve with a single point the distance is that at this point.
 */
public final class BjontegaardDelta {
  private BjontegaardDelta() {}

  /**
   * BD-rate: how many more bits {@code test} takes for the same PSNR, as a share; −0.2 means 20 %
   * fewer.
   *
   * @param ceiling PSNR in dB beyond which nothing counts; infinite for none
   * @throws TesseraException.Invalid if no PSNR is on both curves
   */
  public static double rate(RateDistortionCurve anchor, RateDistortionCurve test, double ceiling) {
    double[] range = shared(anchor.psnr(), test.psnr(), ceiling);
    if (range[0] > range[1]) {
      throw new TesseraException.Invalid(
          "%s and %s share no PSNR%s: %s and %s dB"
              .formatted(
                  test.name(),
                  anchor.name(),
                  Double.isInfinite(ceiling) ? "" : " up to " + number(ceiling) + " dB",
                  span(test.psnr()),
                  span(anchor.psnr())));
    }
    double distance =
        new MonotoneCubic(test.psnr(), test.logBits()).mean(range[0], range[1])
            - new MonotoneCubic(anchor.psnr(), anchor.logBits()).mean(range[0], range[1]);
    return Math.pow(10, distance) - 1;
  }

  /**
   * BD-PSNR: how many dB {@code test} is better at the same rate.
   *
   * @throws TesseraException.Invalid if no rate is on both curves
   */
  public static double psnr(RateDistortionCurve anchor, RateDistortionCurve test) {
    double[] range = shared(anchor.logBits(), test.logBits(), Double.POSITIVE_INFINITY);
    if (range[0] > range[1]) {
      throw new TesseraException.Invalid(
          "%s and %s share no rate: %s and %s bits/value"
              .formatted(test.name(), anchor.name(), rates(test), rates(anchor)));
    }
    return new MonotoneCubic(test.logBits(), test.psnr()).mean(range[0], range[1])
        - new MonotoneCubic(anchor.logBits(), anchor.psnr()).mean(range[0], range[1]);
  }

  private static double[] shared(double[] one, double[] other, double ceiling) {
    double low = Math.max(one[0], other[0]);
    double high = Math.min(one[one.length - 1], other[other.length - 1]);
    return new double[] {low, Math.min(high, ceiling)};
  }

  private static String rates(RateDistortionCurve curve) {
    return span(
        curve.points().stream().mapToDouble(RateDistortionCurve.Point::bitsPerValue).toArray());
  }

  private static String span(double[] ascending) {
    String low = number(ascending[0]);
    return ascending.length == 1 ? low : low + " to " + number(ascending[ascending.length - 1]);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4g", value);
  }
}
