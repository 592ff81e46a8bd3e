package dev.tessera.transform;

/**
 * Logarithms, exponentials and their inverses, accurate to a few units in the last place and
 * bit-identical on every machine: they use only IEEE 754 double additions, multiplications,
 * divisions and square roots in a fixed order, which {@code Math.log10} and {@code Math.pow} with
 * their platform intrinsics do not promise. A restored value must not depend on where it is
 * restored.
 *
 * <p>Logarithm: x = m·2^k with m in [√½, √2), ln m = 2·artanh((m − 1)/(m + 1)) by its Taylor
 * series. Exponential: argument reduced to |f| ≤ ln 2 / 2, then the Taylor series. Both stop where
 * the next term is below 2^−56 of the sum.
 */
final class ElementaryFunctions {
  // Leading parts with at least 11 trailing zero bits, so that a multiple by a binary exponent is
  // exact.
  private static final double LN2 = 0x1.62e42fefa39efp-1;
  private static final double LN2_HIGH = 0x1.62e42fefap-1;
  private static final double LN2_LOW = 0x1.cf79abc9e3b3ap-40;
  private static final double LOG10_2_HIGH = 0x1.34413509fp-2;
  private static final double LOG10_2_LOW = 0x1.e7fbcc47c4acdp-40;
  private static final double LOG10_E = 0x1.bcb7b1526e50ep-2;
  private static final double LN10 = 0x1.26bb1bbb55516p1;
  private static final double LOG2_E = 0x1.71547652b82fep0;
  private static final double LOG2_10 = 0x1.a934f0979a371p1;
  private static final double SQRT_2 = 0x1.6a09e667f3bcdp0;

  /** Beyond this argument sinh and half of exp agree to the last bit. */
  private static final double LARGE_SINH = 22;

  private ElementaryFunctions() {}

  /** Decimal logarithm of a positive finite value. */
  static double log10(double x) {
    int k = exponent(x);
    double ln = lnMantissa(mantissa(x, k));
    return k * LOG10_2_HIGH + (k * LOG10_2_LOW + ln * LOG10_E);
  }

  /** Natural logarithm of a positive finite value. */
  static double log(double x) {
    int k = exponent(x);
    return k * LN2_HIGH + (k * LN2_LOW + lnMantissa(mantissa(x, k)));
  }

  /** ln(1 + x) for x above −1, accurate for small x. */
  static double log1p(double x) {
    double u = 1 + x;
    // what rounding took from u comes back to first order
    return log(u) + (x - (u - 1)) / u;
  }

  /** Inverse hyperbolic sine of {@code x / scale}, also where that quotient overflows. */
  static double asinh(double x, double scale) {
    double quotient = Math.abs(x) / scale;
    double result;
    if (quotient < 0x1p28) {
      double square = quotient * quotient;
      result = log1p(quotient + square / (1 + Math.sqrt(square + 1)));
    } else {
      result = log(Math.abs(x)) - log(scale) + LN2;
    }
    return Math.copySign(result, x);
  }

  /**
   * {@code scale · sinh(y)}: the inverse of {@link #asinh}; saturates at the largest finite value.
   */
  static double sinh(double y, double scale) {
    double size = Math.abs(y);
    double result;
    if (size < LARGE_SINH) {
      double t = expm1(size);
      result = scale * (0.5 * (t + t / (t + 1)));
    } else {
      result = exp(size + (log(scale) - LN2));
    }
    return Math.copySign(Math.min(result, Double.MAX_VALUE), y);
  }

  /** 10^y: the inverse of {@link #log10}; saturates at the largest finite value. */
  static double pow10(double y) {
    double bounded = Math.max(-400, Math.min(400, y));
    double k = Math.rint(bounded * LOG2_10);
    double f = (bounded - k * LOG10_2_HIGH) - k * LOG10_2_LOW;
    return Math.min(scale(1 + expm1Series(f * LN10), k), Double.MAX_VALUE);
  }

  /** e^y; saturates at the largest finite value. */
  static double exp(double y) {
    double bounded = Math.max(-800, Math.min(800, y));
    double k = Math.rint(bounded * LOG2_E);
    double f = (bounded - k * LN2_HIGH) - k * LN2_LOW;
    return Math.min(scale(1 + expm1Series(f), k), Double.MAX_VALUE);
  }

  /**
   * e^y − 1, accurate for small y: the inverse of {@link #log1p}; saturates at the largest finite
   * value.
   */
  static double expm1(double y) {
    return Math.abs(y) < 0.35 ? expm1Series(y) : exp(y) - 1;
  }

  /** The k with x / 2^k in [√½, √2). */
  private static int exponent(double x) {
    int k = Math.getExponent(x);
    double m;
    if (k < Double.MIN_EXPONENT) {
      k = Math.getExponent(x * 0x1p54) - 54;
      m = (x * 0x1p54) * power(-k - 54);
    } else {
      m =
          Double.longBitsToDouble(
              (Double.doubleToRawLongBits(x) & 0xf_ffff_ffff_ffffL) | 0x3ff0_0000_0000_0000L);
    }
    return m >= SQRT_2 ? k + 1 : k;
  }

  private static double mantissa(double x, int k) {
    return scale(x, -k);
  }

  /** ln m for m in [√½, √2]. */
  private static double lnMantissa(double m) {
    double s = (m - 1) / (m + 1);
    double z = s * s;
    double series = 1.0 / 23;
    series = 1.0 / 21 + z * series;
    series = 1.0 / 19 + z * series;
    series = 1.0 / 17 + z * series;
    series = 1.0 / 15 + z * series;
    series = 1.0 / 13 + z * series;
    series = 1.0 / 11 + z * series;
    series = 1.0 / 9 + z * series;
    series = 1.0 / 7 + z * series;
    series = 1.0 / 5 + z * series;
    series = 1.0 / 3 + z * series;
    return 2 * s + 2 * s * (z * series);
  }

  /** e^f − 1 for |f| ≤ 0.35. */
  private static double expm1Series(double f) {
    double series = 1 / 87178291200.0;
    series = 1 / 6227020800.0 + f * series;
    series = 1 / 479001600.0 + f * series;
    series = 1 / 39916800.0 + f * series;
    series = 1 / 3628800.0 + f * series;
    series = 1 / 362880.0 + f * series;
    series = 1 / 40320.0 + f * series;
    series = 1 / 5040.0 + f * series;
    series = 1 / 720.0 + f * series;
    series = 1 / 120.0 + f * series;
    series = 1 / 24.0 + f * series;
    series = 1 / 6.0 + f * series;
    series = 1 / 2.0 + f * series;
    return f + f * (f * series);
  }

  /**
   * x · 2^k in three exact steps (but for the last, where the result is subnormal), since 2^k alone
   * may overflow.
   */
  private static double scale(double x, double k) {
    int first = (int) k / 3;
    int second = ((int) k - first) / 2;
    return x * power(first) * power(second) * power((int) k - first - second);
  }

  private static double power(int k) {
    return Double.longBitsToDouble((long) (k + 1023) << 52);
  }
}
