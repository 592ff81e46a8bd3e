package dev.tessera.transform;

import java.util.Locale;

/** How a network computes; activations and sums never have fewer bits than this says. */
public enum Precision {
  /** Operands of float32. */
  FP32,
  /** Operands of float16. */
  FP16,
  /**
   * Operands of e4m3 (OCP 8-bit floating point, 1 sign, 4 exponent and 3 mantissa bits), weights
   * scaled per output channel and activations per layer. The layers that take in and give out tiles
   * multiply float16.
   */
  FP8;

  /** The name as in {@code --precision}: {@code fp16}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
