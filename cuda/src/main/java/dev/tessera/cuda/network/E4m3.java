package dev.tessera.cuda.network;

/**
 * 8-bit floating point of 4 exponent and 3 mantissa bits (OCP 8-bit Floating Point Specification
 * 1.0, E4M3): no infinities, {@code 0x7f} and {@code 0xff} are NaN, the largest number is 448.
 */
final class E4m3 {
  private static final int SIGN = 0x80;
  private static final int NAN = 0x7f;
  private static final int LARGEST = 0x7e;
  private static final float LARGEST_VALUE = 448;
  private static final int MANTISSA_BITS = 3;
  private static final int BIAS = 7;
  private static final int LEAST_EXPONENT = 1 - BIAS;

  private E4m3() {}

  /** The nearest number, ties to even; what is larger than the largest becomes the largest. */
  static byte of(float value) {
    int sign = Float.floatToRawIntBits(value) >>> 24 & SIGN;
    float size = Math.abs(value);
    if (Float.isNaN(size)) {
      return (byte) (sign | NAN);
    }
    if (size >= LARGEST_VALUE) {
      return (byte) (sign | LARGEST);
    }
    // steps of the binade, or of the subnormal numbers below all binades; a carry out of the
    // mantissa arrives in the exponent, as it should
    int exponent = Math.max(Math.getExponent(size), LEAST_EXPONENT);
    int steps = (int) Math.rint(Math.scalb((double) size, MANTISSA_BITS - exponent));
    int bits = (exponent - LEAST_EXPONENT << MANTISSA_BITS) + steps;
    return (byte) (sign | bits);
  }

  /** The number's value. */
  static float toFloat(byte bits) {
    int size = bits & NAN;
    if (size == NAN) {
      return Float.NaN;
    }
    int exponent = Math.max(size >> MANTISSA_BITS, 1);
    int mantissa = size - (exponent - 1 << MANTISSA_BITS);
    float value = Math.scalb((float) mantissa, exponent - BIAS - MANTISSA_BITS);
    return bits < 0 ? -value : value;
  }
}
