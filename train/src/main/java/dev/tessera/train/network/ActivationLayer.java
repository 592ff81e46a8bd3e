package dev.tessera.train.network;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A function of each value for itself. */
final class ActivationLayer implements DifferentiableLayer {
  /** Which function. */
  enum Kind {
    /** {@code max(x, 0)}. */
    RELU,
    /** {@code x} where positive, else a share of it. */
    LEAKY_RELU,
    /** {@code |x|}, whose gradient at 0 is 0. */
    ABS
  }

  private final Kind kind;
  private final Scalar slopeBelow;

  ActivationLayer(Kind kind, double slopeBelow) {
    this.kind = kind;
    this.slopeBelow = Tensors.constant(slopeBelow);
  }

  @Override
  public Tensor forward(Tensor input, NetworkWeights weights, Tape tape) {
    Tensor output =
        switch (kind) {
          case RELU -> torch.relu(input);
          case LEAKY_RELU -> torch.leaky_relu(input, slopeBelow);
          case ABS -> input.abs();
        };
    // a ReLU's sign shows in its output too, which the next convolution keeps anyway
    tape.push(kind == Kind.ABS ? input : output);
    return output;
  }

  @Override
  public Tensor backward(Tensor slope, NetworkWeights weights, Tape tape, boolean wanted) {
    Tensor kept = tape.pop();
    return switch (kind) {
      case RELU -> torch.threshold_backward(slope, kept, Tensors.ZERO);
      case LEAKY_RELU -> torch.leaky_relu_backward(slope, kept, slopeBelow, true);
      case ABS -> slope.mul(kept.sign());
    };
  }
}
