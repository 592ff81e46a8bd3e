package dev.tessera.model;

/**
 * One layer of a network. {@code name} is the prefix of its tensors in the model file, as in {@code
 * g_a.0} + {@code .weight}.
 */
public sealed interface Layer {
  /**
   * Convolution with zero padding {@code kernel / 2}; weight {@code [out, in, k, k]}, bias {@code
   * [out]}.
   */
  record Conv(String name, int kernel, int stride) implements Layer {}

  /**
   * Transposed convolution with padding {@code kernel / 2} and output padding {@code stride − 1}:
   * each side grows exactly {@code stride} times; weight {@code [in, out, k, k]}, bias {@code
   * [out]}.
   */
  record ConvTranspose(String name, int kernel, int stride) implements Layer {}

  /**
   * Generalized divisive normalization (Ballé, Laparra, Simoncelli, ICLR 2016), {@code y_i = x_i /
   * sqrt(beta_i + Σ_j gamma_ij x_j²)}; the inverse multiplies instead. The file holds beta and
   * gamma reparametrized: see {@link Model#gdnBeta}.
   */
  record Gdn(String name, boolean inverse) implements Layer {}

  /** {@code max(x, 0)}. */
  record Relu() implements Layer {}

  /** {@code x} where positive, {@code slope · x} elsewhere. */
  record LeakyRelu(float slope) implements Layer {}

  /** {@code |x|}. */
  record Abs() implements Layer {}
}
