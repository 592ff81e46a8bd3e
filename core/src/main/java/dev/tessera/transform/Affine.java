package dev.tessera.transform;

/**
 * The map x → (x·scale − offset) / width, and back. {@code scale} is 1, or 1/4 where limits are so
 * far apart that their difference would overflow; offset and width are then in the scaled unit.
 *
 * @param offset what becomes 0, times scale
 * @param width what becomes 1 beyond that, times scale; positive
 * @param scale 1 or 1/4
 */
record Affine(double offset, double width, double scale) {
  /** Above this exponent (of a limit) sums and differences are taken at a quarter of the size. */
  private static final int LARGE_EXPONENT = 1000;

  /** Maps {@code low} to 0 and {@code high}, which is larger, to 1. */
  static Affine between(double low, double high) {
    double scale = scaleFor(Math.max(Math.abs(low), Math.abs(high)));
    return new Affine(low * scale, high * scale - low * scale, scale);
  }

  /** Maps {@code center} to 0 and {@code center + width} to 1. */
  static Affine around(double center, double width) {
    double scale = scaleFor(Math.max(Math.abs(center), width));
    return new Affine(center * scale, width * scale, scale);
  }

  /** Maps n·2^e to 0 and (n + r)·2^e to 1; |n| and r at most 2^53. */
  static Affine ofUnits(long n, long r, int e) {
    boolean large =
        e + Long.SIZE - Long.numberOfLeadingZeros(Math.max(Math.abs(n), r)) > LARGE_EXPONENT;
    int exponent = large ? e - 2 : e;
    return new Affine(
        Math.scalb((double) n, exponent), Math.scalb((double) r, exponent), large ? 0.25 : 1);
  }

  private static double scaleFor(double limit) {
    return Math.getExponent(limit) >= LARGE_EXPONENT ? 0.25 : 1;
  }

  /** Values to normalized values, in place. */
  void forward(double[] values, int count) {
    for (int i = 0; i < count; i++) {
      values[i] = (values[i] * scale - offset) / width;
    }
  }

  /**
   * As {@link #forward}, and into 0 to 1 where rounding or a value beyond the limits leads out of
   * it.
   */
  void forwardClamped(double[] values, int count) {
    for (int i = 0; i < count; i++) {
      values[i] = Math.max(0, Math.min(1, (values[i] * scale - offset) / width));
    }
  }

  /** Normalized values to values, in place; saturates at the largest finite values. */
  void inverse(double[] values, int count) {
    double back = 1 / scale;
    for (int i = 0; i < count; i++) {
      double value = (values[i] * width + offset) * back;
      values[i] = Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, value));
    }
  }

  /** As {@link #inverse}, of normalized values that are first clamped to 0 to 1. */
  void inverseClamped(double[] values, int count) {
    double back = 1 / scale;
    for (int i = 0; i < count; i++) {
      double value = (Math.max(0, Math.min(1, values[i])) * width + offset) * back;
      values[i] = Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, value));
    }
  }
}
