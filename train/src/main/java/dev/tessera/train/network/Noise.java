package dev.tessera.train.network;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The uniform noise of ±½ that a training pass adds where coding rounds. A pass takes one tensor of
 * it after the other, always in the same memory, so that they can be drawn before a pass that is
 * replayed as a graph, which cannot draw. What the {@code i}-th tensor holds follows from the seed,
 * {@code i} and its shape.
 */
final class Noise implements AutoCloseable {
  /** 2^64 over the golden ratio: keeps the seeds of tensors and of steps apart. */
  private static final long SEED_STRIDE = 0x9E3779B97F4A7C15L;

  private final TorchDevice device;
  private final List<Tensor> drawn = new ArrayList<>();
  private long seed;
  private int next;

  Noise(TorchDevice device) {
    this.device = device;
  }

  /** Draws all tensors that passes so far have taken. */
  void draw(long newSeed) {
    seed = newSeed;
    for (int i = 0; i < drawn.size(); i++) {
      draw(i);
    }
  }

  private void draw(int i) {
    device.seed(seed + i * SEED_STRIDE);
    drawn.get(i).uniform_(-0.5, 0.5, new GeneratorOptional());
  }

  /** To be called where a pass begins. */
  void rewind() {
    next = 0;
  }

  /** The pass's next tensor, for values of some shape. */
  Tensor like(Tensor values) {
    int i = next++;
    if (i == drawn.size()) {
      drawn.add(Tensors.kept(torch.empty_like(values)));
      draw(i);
    } else if (!Arrays.equals(drawn.get(i).shape(), values.shape())) {
      drawn.set(i, Tensors.kept(torch.empty_like(values))).releaseReference();
      draw(i);
    }
    return drawn.get(i);
  }

  @Override
  public void close() {
    drawn.forEach(Tensor::releaseReference);
    drawn.clear();
  }
}
