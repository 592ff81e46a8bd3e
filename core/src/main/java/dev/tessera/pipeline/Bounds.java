package dev.tessera.pipeline;

/** Comparisons of errors with bounds that no rounding makes too generous. */
final class Bounds {
  /** Quantized numbers stay below this, so that residuals of a few of them do not wrap around. */
  static final double LIMIT = 1 << 30;

  /** Takes more from a rounded relative bound than its roundings can have added. */
  private static final double SAFE = 1 - 0x1p-51;

  private Bounds() {}

  /**
   * Whether {@code |x − y| ≤ bound} in exact arithmetic; false where that cannot be told from the
   * rounded difference, and for NaN.
   */
  static boolean within(double x, double y, double bound) {
    double difference = x - y;
    double size = Math.abs(difference);
    // rounding is monotonic: a difference above the bound is not rounded below it
    return size < bound || (size == bound && isExact(x, y, difference));
  }

  /** Knuth's TwoSum: whether {@code difference} is {@code x − y} without rounding. */
  private static boolean isExact(double x, double y, double difference) {
    double minusY = difference - x;
    return (x - (difference - minusY)) + (-y - minusY) == 0;
  }

  /** Whether {@code |x − y| ≤ bound}, as integers. */
  static boolean within(long x, long y, long bound) {
    long difference = Math.max(x, y) - Math.min(x, y); // unsigned
    return Long.compareUnsigned(difference, bound) <= 0;
  }

  /** The largest integer difference that a bound allows. */
  static long integerBound(double bound) {
    return (long) Math.floor(bound); // saturates
  }

  /** Whether an error keeps a share of a value's size; both are rounded at most once. */
  static boolean withinShare(double error, double size, double share) {
    return error < share * size * SAFE || error == 0;
  }
}
