package dev.tessera.train.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class NoiseTest {
  private static Tensor values(long... shape) {
    return torch.zeros(shape);
  }

  /** A pass that is replayed reads where it read when it was captured. */
  @Test
  void everyPassReadsNewNoiseInTheSameMemory() {
    try (PointerScope _ = new PointerScope();
        Noise noise = new Noise(TorchDevice.cpu())) {
      noise.draw(1);
      Tensor first = noise.like(values(4, 5));
      Tensor second = noise.like(values(4, 5));
      assertThat(Tensors.array(second)).isNotEqualTo(Tensors.array(first));
      float[] before = Tensors.array(first);
      long address = first.data_ptr().address();

      noise.draw(2);
      noise.rewind();
      assertThat(noise.like(values(4, 5)).data_ptr().address()).isEqualTo(address);
      assertThat(Tensors.array(first)).isNotEqualTo(before);

      noise.draw(1);
      assertThat(Tensors.array(first)).isEqualTo(before);
    }
  }

  @Test
  void valuesOfAnotherShapeHaveNoiseOfTheirOwn() {
    try (PointerScope _ = new PointerScope();
        Noise noise = new Noise(TorchDevice.cpu())) {
      noise.draw(1);
      float[] small = Tensors.array(noise.like(values(2, 3)));
      noise.rewind();
      Tensor large = noise.like(values(100, 100));
      assertThat(large.shape()).containsExactly(100, 100);
      assertThat(large.min().item_float()).isBetween(-0.5f, -0.49f);
      assertThat(large.max().item_float()).isBetween(0.49f, 0.5f);

      noise.rewind();
      assertThat(Tensors.array(noise.like(values(2, 3)))).isEqualTo(small);
    }
  }
}
