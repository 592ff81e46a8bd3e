package dev.tessera.train.network;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The Gaussian conditional of Ballé et al. (ICLR 2018) and, with means, of Minnen et al. (NeurIPS
 * 2018), as CompressAI's {@code GaussianConditional}: with {@code d = |value − mean|} and {@code s
 * = max(scale, 0.11)} the likelihood is {@code Φ((½ − d)/s) − Φ((−½ − d)/s)}, where {@code Φ(x) = ½
 * erfc(−x/√2)} keeps the digits of small values.
 *
 * <p>The gradient of a scale below its bound passes only where descent would raise the scale.
 */
final class GaussianLikelihood {
  /** Scales count as at least this. */
  static final double SCALE_BOUND = 0.11;

  private static final Scalar SCALE_BOUND_SCALAR = Tensors.constant(SCALE_BOUND);
  private static final Scalar BOUND_SCALAR = Tensors.constant(FactorizedLikelihood.BOUND);
  private static final Scalar MINUS_SQRT_HALF = Tensors.constant(-Math.sqrt(0.5));
  private static final Scalar MINUS_HALF = Tensors.constant(-0.5);
  private static final Scalar HALF = Tensors.constant(0.5);
  private static final Scalar DENSITY = Tensors.constant(1 / Math.sqrt(2 * Math.PI));
  private static final Scalar PER_BIT = Tensors.constant(1 / Math.log(2));
  private static final Scalar MINUS_PER_BIT = Tensors.constant(-1 / Math.log(2));

  /** Gradients of what {@link #bits} takes. */
  record Slopes(Tensor differences, Tensor scales) {}

  private GaussianLikelihood() {}

  /**
   * The bits of values, {@code Σ −log2 max(likelihood, 1e-9)}.
   *
   * @param differences values less their means, {@code B×C×h×w}
   * @param scales standard deviations, of the same shape
   * @return a scalar
   */
  static Tensor bits(Tensor differences, Tensor scales, Tape tape) {
    Tensor bounded = scales.clamp_min(SCALE_BOUND_SCALAR);
    Tensor distance = differences.abs();
    Tensor upper = distance.neg().add_(HALF).div_(bounded);
    Tensor lower = distance.neg().sub_(HALF).div_(bounded);
    Tensor likelihood =
        upper
            .mul(MINUS_SQRT_HALF)
            .erfc_()
            .sub_(lower.mul(MINUS_SQRT_HALF).erfc_())
            .mul_(HALF)
            .clamp_min_(BOUND_SCALAR);
    tape.push(differences);
    tape.push(scales);
    tape.push(bounded);
    tape.push(upper);
    tape.push(lower);
    tape.push(likelihood);
    return likelihood.log().sum().mul_(MINUS_PER_BIT);
  }

  /**
   * The adjoint of {@link #bits}; the gradient of a mean is that of its difference, negated.
   *
   * @param slope gradient of the bits, a positive scalar
   */
  static Slopes bitsBackward(Tensor slope, Tape tape) {
    Tensor likelihood = tape.pop();
    Tensor lower = tape.pop();
    Tensor upper = tape.pop();
    Tensor bounded = tape.pop();
    Tensor scales = tape.pop();
    Tensor differences = tape.pop();
    Tensor upperDensity = density(upper);
    Tensor lowerDensity = density(lower);
    // d bits / d likelihood, and the 1/s of the chain rule
    Tensor outer = slope.mul(DENSITY).mul_(PER_BIT).div(likelihood).div_(bounded);
    Tensor scaleSlope = upper.mul(upperDensity).sub_(lower.mul_(lowerDensity)).mul_(outer);
    Tensor passes = scales.ge(SCALE_BOUND_SCALAR).logical_or_(scaleSlope.lt(Tensors.ZERO));
    Tensor differenceSlope = upperDensity.sub_(lowerDensity).mul_(outer).mul_(differences.sign());
    return new Slopes(differenceSlope, scaleSlope.mul_(passes));
  }

  /** {@code exp(−x²/2)}. */
  private static Tensor density(Tensor x) {
    return x.mul(x).mul_(MINUS_HALF).exp_();
  }
}
