package dev.tessera.codec;

import static dev.tessera.codec.LearnedRoundTrip.FACTORIZED;
import static dev.tessera.codec.LearnedRoundTrip.HYPERPRIOR;
import static dev.tessera.codec.LearnedRoundTrip.MEANS;
import static dev.tessera.codec.LearnedRoundTrip.MINMAX;
import static dev.tessera.codec.LearnedRoundTrip.compare;
import static dev.tessera.codec.LearnedRoundTrip.decompress;
import static dev.tessera.codec.RoundTrip.compress;
import static dev.tessera.codec.RoundTrip.reader;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** A learned codec at work: threads, batches, interruption, and the models and devices it takes. */
final class CodecUseTest {
  @Test
  void threadsAndBatchesDoNotChangeTheFile() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 10, 30, 130, 64);
    byte[] expected = null;
    for (int threads : new int[] {1, 2, 16}) {
      for (int batch : new int[] {1, 16}) {
        try (Codec codec = Codec.open(FACTORIZED, MINMAX.withWork(threads, batch, 3))) {
          byte[] container = compress(codec, field);
          expected = expected == null ? container : expected;
          // the runtime may round a latent differently: then symbols differ, which is allowed, but
          // lengths tell it is rare
          if (!java.util.Arrays.equals(container, expected)) {
            assertThat(differingTiles(container, expected)).isLessThanOrEqualTo(2);
          }
        }
      }
    }
  }

  private static long differingTiles(byte[] a, byte[] b) {
    ContainerReader left = reader(a);
    ContainerReader right = reader(b);
    int streams = left.header().streamPlan().channelsPerStream() >= 24 ? 1 : 2;
    long differing = 0;
    var leftTiles = left.readGroup(0, streams);
    var rightTiles = right.readGroup(0, streams);
    for (int i = 0; i < Math.min(leftTiles.size(), rightTiles.size()); i++) {
      differing += leftTiles.get(i).streams().mismatch(rightTiles.get(i).streams()) >= 0 ? 1 : 0;
    }
    return differing;
  }

  @Test
  void aHyperpriorFileDecodesExactlyWithAnyThreadsAndBatches() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 11, 7, 190, 130);
    for (Model model : new Model[] {HYPERPRIOR, MEANS}) {
      byte[] container;
      try (Codec codec = Codec.open(model, MINMAX.withWork(2, 16, 2).withTile(64, 128))) {
        container = compress(codec, field);
      }
      Field expected = null;
      for (int threads : new int[] {1, 2, 16}) {
        for (int batch : new int[] {1, 5, 16}) {
          // a wrong table would make the symbols' check fail
          try (Codec codec = Codec.open(model, MINMAX.withWork(threads, batch, 2))) {
            Field restored = decompress(codec, container);
            expected = expected == null ? restored : expected;
            assertThat(compare(expected, restored).maxError()).isLessThan(1e-4);
          }
        }
      }
    }
  }

  @Test
  void anotherModelIsRefused() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 14, 64, 64);
    byte[] container;
    try (Codec codec = Codec.open(FACTORIZED, MINMAX)) {
      container = compress(codec, field);
    }
    try (Codec codec = Codec.open(TestFields.model("bmshj2018-factorized-relu"), MINMAX)) {
      assertThatThrownBy(() -> decompress(codec, container))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("was made with model " + FACTORIZED.id().substring(0, 32));
    }
  }

  @Test
  void anEmbeddedModelDecodes() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 15, 3, 64, 64);
    for (Model model : new Model[] {FACTORIZED, MEANS}) {
      byte[] container;
      Field expected;
      try (Codec codec = Codec.open(model, MINMAX.withEmbeddedModel(true))) {
        container = compress(codec, field);
        expected = decompress(codec, container);
      }
      Model embedded = Model.read(reader(container).header().embeddedModel(), "embedded");
      assertThat(embedded.id()).isEqualTo(model.id());
      try (Codec codec = Codec.open(embedded, MINMAX)) {
        assertThat(compare(expected, decompress(codec, container)).maxError()).isLessThan(1e-6);
        assertThatThrownBy(() -> compress(codec, field))
            .isInstanceOf(TesseraException.Invalid.class)
            .hasMessageContaining("can only decompress");
      }
    }
  }

  @Test
  void severalThreadsShareOneCodec() throws Exception {
    try (Codec codec = Codec.open(MEANS, MINMAX)) {
      Thread[] threads = new Thread[4];
      AtomicBoolean failed = new AtomicBoolean();
      for (int t = 0; t < threads.length; t++) {
        int seed = t;
        threads[t] =
            Thread.ofPlatform()
                .start(() -> {
                  try {
                    Field field = TestFields.smooth(DataType.FLOAT32, seed, 4, 70 + seed, 90);
                    if (compare(field, decompress(codec, compress(codec, field))).nrmse() > 0.2) {
                      failed.set(true);
                    }
                  } catch (IOException | RuntimeException e) {
                    failed.set(true);
                  }
                });
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(failed).isFalse();
    }
  }

  @Test
  void interruptingEndsTheCallAndLeavesNoFile(
      @org.junit.jupiter.api.io.TempDir java.nio.file.Path folder) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 16, 30, 128, 128);
    Progress interrupting =
        (phase, done, total) -> {
          if (phase == Progress.Phase.COMPRESS) {
            Thread.currentThread().interrupt();
          }
        };
    try (Codec codec =
        Codec.open(FACTORIZED, MINMAX.withWork(0, 1, 2).withProgress(interrupting))) {
      assertThatThrownBy(() -> codec.compress(field, folder.resolve("x.tsr")))
          .isInstanceOf(CancellationException.class);
      assertThat(Thread.interrupted()).isTrue();
      try (var left = java.nio.file.Files.list(folder)) {
        assertThat(left).isEmpty();
      }
    }
  }

  @Test
  void anUnknownDeviceIsRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> Codec.open(FACTORIZED, MINMAX.withDevice("abacus")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("cpu");
  }
}
