package dev.tessera.transform;

import java.util.Locale;

/** How a network computes; sums are always float32. */
public enum Precision {
  /** Operands of float32. */
  FP32,
  /** Operands of float16. */
  FP16,
  /**
   * Operands of e4m3 (OCP 8-bit floating point, 1 sign, 4 exponent and 3 mantissa bits), weights
   * scaled per output channel and activations per layer.
   */
  FP8;

  /** The name as in {@code --precision}: {@code fp16}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
