package dev.tessera.transform;

/**
 * The natural logarithm and its inverse, with the same bits on every machine: what a quantizer with
 * point-wise relative bounds works on. Normalizers use the same functions.
 */
public final class NaturalLogarithm {
  private NaturalLogarithm() {}

  /** ln x of a positive finite value. */
  public static double of(double x) {
    return ElementaryFunctions.log(x);
  }

  /** e^y; saturates at the largest finite value; not defined for NaN. */
  public static double inverse(double y) {
    return ElementaryFunctions.exp(y);
  }
}
