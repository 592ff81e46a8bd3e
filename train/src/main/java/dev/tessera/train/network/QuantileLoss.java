package dev.tessera.train.network;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Where the quantiles of a factorized density are to be, and how far they are from there. */
final class QuantileLoss implements AutoCloseable {
  private static final double TAIL_MASS = 1e-9;

  /** Quantiles are looked for within this distance of 0, as CompressAI does. */
  private static final double RADIUS = 1e5;

  /** Halves the radius to less than float32 can tell apart near 0.01. */
  private static final int BISECTIONS = 50;

  private final FactorizedLikelihood density;
  private final ParameterGroup group;
  private final Tensor targets;

  QuantileLoss(FactorizedLikelihood density, ParameterGroup group) {
    this.density = density;
    this.group = group;
    double logit = Math.log(2 / TAIL_MASS - 1);
    try (PointerScope scope = new PointerScope()) {
      Tensor values = Tensor.create(-logit, 0, logit);
      targets = Tensors.kept(values.to(group.values(), false, false, Tensors.ANY_FORMAT));
    }
  }

  /** The loss, in the open scope; writes the gradient of the quantiles. */
  Tensor evaluate() {
    Tensor loss;
    try (PointerScope scope = new PointerScope();
        Tape tape = Tape.recording()) {
      Tensor quantiles = group.value(FactorizedLikelihood.QUANTILES);
      Tensor excess = density.logits(quantiles, tape).sub(targets);
      loss = Tensors.kept(excess.abs().sum());
      Tensor slope = density.logitsBackward(excess.sign_(), tape, false);
      group.gradient(FactorizedLikelihood.QUANTILES).copy_(slope);
    }
    return Tensors.handedOver(loss);
  }

  /** Moves every quantile to its target. */
  void fit() {
    try (PointerScope scope = new PointerScope();
        Tape tape = Tape.off()) {
      Tensor quantiles = group.value(FactorizedLikelihood.QUANTILES);
      Tensor low = torch.full_like(quantiles, new Scalar(-RADIUS));
      Tensor high = torch.full_like(quantiles, new Scalar(RADIUS));
      for (int i = 0; i < BISECTIONS; i++) {
        try (PointerScope inner = new PointerScope()) {
          Tensor middle = low.add(high).mul_(new Scalar(0.5));
          Tensor below = density.logits(middle, tape).lt(targets);
          low.copy_(torch.where(below, middle, low));
          high.copy_(torch.where(below, high, middle));
        }
      }
      quantiles.copy_(low.add(high).mul_(new Scalar(0.5)));
    }
  }

  @Override
  public void close() {
    targets.releaseReference();
  }
}
