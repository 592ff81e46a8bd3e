package dev.tessera.train.network;

import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What a model makes of a batch: three tensors to build a loss of, and the way back. Of a training
 * pass they are leaves that require gradients; {@link #backward} takes the loss through them and on
 * through the networks.
 */
public final class Forward implements AutoCloseable {
  private final Tensor restored;
  private final Tensor latentBits;
  private final Tensor sideBits;

  /** Carries the gradients of the three on to the parameters, or null of a validation pass. */
  private final Consumer<Forward> adjoint;

  private final Tape tape;

  Forward(
      Tensor restored, Tensor latentBits, Tensor sideBits, Tape tape, Consumer<Forward> adjoint) {
    this.restored = Tensors.kept(restored);
    this.latentBits = Tensors.kept(latentBits);
    this.sideBits = Tensors.kept(sideBits);
    this.tape = tape;
    this.adjoint = adjoint;
    if (adjoint != null) {
      restored.requires_grad_(true);
      latentBits.requires_grad_(true);
      sideBits.requires_grad_(true);
    }
  }

  /** The restored tiles, {@code B×C×H×W} float32, not clamped. */
  public Tensor restored() {
    return restored;
  }

  /** Estimated bits of the latents of the whole batch, a scalar. */
  public Tensor latentBits() {
    return latentBits;
  }

  /** Estimated bits of the side information of the whole batch; 0 where there is no hyperprior. */
  public Tensor sideBits() {
    return sideBits;
  }

  /**
   * Takes the gradient of a loss back to every parameter of the main optimizer. Replaces what
   * {@link TrainableModel#main}'s gradient holds; to be called once, instead of {@code
   * loss.backward()}, and before the parameters change.
   *
   * @param loss a scalar made of the three tensors; more bits must mean more loss
   * @throws IllegalStateException of a validation pass
   */
  public void backward(Tensor loss) {
    if (adjoint == null) {
      throw new IllegalStateException("a validation pass has no gradients");
    }
    loss.backward();
    try (PointerScope scope = new PointerScope()) {
      adjoint.accept(this);
    }
  }

  /** The gradient that the loss left in one of the tensors; zeros if it does not depend on it. */
  static Tensor slope(Tensor leaf) {
    Tensor slope = leaf.grad();
    return slope.defined() ? slope : torch.zeros_like(leaf);
  }

  @Override
  public void close() {
    tape.close();
    restored.releaseReference();
    latentBits.releaseReference();
    sideBits.releaseReference();
  }
}
