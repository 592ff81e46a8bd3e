package dev.tessera.cuda.network;

/** Scales that round nothing. */
final class PowersOfTwo {
  /** Squares in float16 may be rounded to this share of beta. */
  private static final float SHARE = 0x1p-14f;

  /** Half the distance of float16's smallest numbers. */
  private static final float HALF_ERROR = 0x1p-25f;

  private static final float LEAST = 0x1p-10f;

  private PowersOfTwo() {}

  /** The smallest power of two that is not below a positive number. */
  static float atLeast(double value) {
    int exponent = Math.getExponent(value);
    double power = Math.scalb(1.0, exponent);
    return (float) (power >= value ? power : 2 * power);
  }

  /**
   * What brings the largest magnitude of some numbers into [2^{@code exponent − 1}, 2^{@code
   * exponent}); 1 if all are zero.
   */
  static float raising(float[] values, int exponent) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest == 0 || !Float.isFinite(largest)
        ? 1
        // no further than its inverse is a normal number: smaller ones are nothing in any sum
        : Math.scalb(
            1f, Math.min(exponent - 1 - Math.getExponent(largest), Float.MAX_EXPONENT - 1));
  }

  /**
   * What GDN's inputs are multiplied by before they are squared in float16: as little as keeps what
   * subnormal squares lose below a share of beta, so that large inputs have most room.
   *
   * @param beta effective, per channel
   * @param gamma effective, {@code [out × in]}
   */
  static float squaring(float[] beta, float[] gamma) {
    double worst = 0;
    for (int i = 0; i < beta.length; i++) {
      double sum = 0;
      for (int j = 0; j < beta.length; j++) {
        sum += gamma[i * beta.length + j];
      }
      worst = Math.max(worst, sum / Math.max(beta[i], Float.MIN_NORMAL));
    }
    double scale = Math.sqrt(worst * HALF_ERROR / SHARE);
    return Math.clamp(atLeast(Math.max(scale, LEAST)), LEAST, 1f);
  }
}
