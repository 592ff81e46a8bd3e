package dev.tessera.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import dev.tessera.train.network.TorchDevice;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class PrefetcherTest {
  private static final long[] SHAPE = {2, 1, 4, 4};

  @Test
  void batchesComeInTheOrderOfStepsWhateverTheirTimes() {
    TorchDevice.cpu();
    Prefetcher.Source slowAtFirst =
        (step, target) -> {
          assertThat(target.remaining()).isEqualTo(32);
          if (step % 3 == 0) {
            try {
              Thread.sleep(20);
            } catch (InterruptedException e) {
              return;
            }
          }
          for (int i = 0; i < 32; i++) {
            target.put(i, (float) step);
          }
        };
    try (Prefetcher prefetcher = new Prefetcher(slowAtFirst, SHAPE, 7, 3, false)) {
      for (long step = 7; step < 27; step++) {
        try (Tensor batch = prefetcher.take()) {
          assertThat(batch.shape()).containsExactly(SHAPE);
          assertThat(batch.data_ptr_float().get(31)).isEqualTo((float) step);
        }
      }
    }
  }

  @Test
  void aFailureReachesTheStepThatItBelongsTo() {
    TorchDevice.cpu();
    Prefetcher.Source damaged =
        (step, target) -> {
          if (step == 2) {
            throw new TesseraException.Corrupt("the cache is damaged", 3);
          }
        };
    try (Prefetcher prefetcher = new Prefetcher(damaged, SHAPE, 0, 2, false)) {
      prefetcher.take().close();
      prefetcher.take().close();
      assertThatThrownBy(prefetcher::take).hasMessageContaining("the cache is damaged");
    }
  }
}
