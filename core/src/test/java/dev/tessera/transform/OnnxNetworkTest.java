package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import dev.tessera.testing.NativeFloats;
import dev.tessera.testing.SyntheticModel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OnnxNetworkTest {
  private static final Model MODEL = SyntheticModel.of(Architecture.FACTORIZED, 16, 24, 3, 1);

  private static MemorySegment run(
      OnnxNetwork network, MemorySegment input, long batch, int height, int width) {
    MemorySegment output =
        NativeFloats.zeros(
            batch
                * network.outputChannels()
                * network.outputSide(height)
                * network.outputSide(width));
    network.run(input, batch, network.inputChannels(), height, width, output);
    return output;
  }

  private static void assertClose(MemorySegment actual, MemorySegment expected) {
    float[] a = NativeFloats.array(actual);
    float[] b = NativeFloats.array(expected);
    assertThat(a).hasSameSizeAs(b);
    float largest = 0;
    for (float value : b) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertThat(largest).isPositive();
    for (int i = 0; i < a.length; i++) {
      assertThat(a[i]).isCloseTo(b[i], within(2e-5f * largest));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // 16 · 1 < 24: the last layer's output is scattered; otherwise shuffled like the others
    "FACTORIZED, 24, 20, 1, 3, 5",
    "FACTORIZED, 16, 24, 3, 4, 2",
    "FACTORIZED_RELU, 40, 8, 2, 1, 1",
    "FACTORIZED_RELU, 12, 8, 3, 2, 1",
    "HYPERPRIOR, 64, 32, 3, 2, 3",
    "MEAN_HYPERPRIOR, 7, 5, 3, 2, 3"
  })
  void theTunedGraphComputesTheSame(
      Architecture architecture, int n, int m, int channels, int height, int width) {
    Model model = SyntheticModel.of(architecture, n, m, channels, 4);
    for (Network network : architecture.networks()) {
      int scale = network == Network.G_A ? 16 : network == Network.H_A ? 4 : 1;
      try (OnnxNetwork plain = new OnnxNetwork(OnnxExport.network(model, network), 1);
          OnnxNetwork tuned = new OnnxNetwork(OnnxExport.tuned(model, network), 2)) {
        int h = height * scale;
        int w = width * scale;
        MemorySegment input =
            NativeFloats.uniform(2L * plain.inputChannels() * h * w, network.ordinal());
        assertThat(tuned.inputChannels()).isEqualTo(plain.inputChannels());
        assertThat(tuned.outputChannels()).isEqualTo(plain.outputChannels());
        assertClose(run(tuned, input, 2, h, w), run(plain, input, 2, h, w));
      }
    }
  }

  @Test
  void knowsItsShape() {
    try (OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_A), 0);
        OnnxNetwork synthesis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_S), 0)) {
      assertThat(analysis.inputChannels()).isEqualTo(3);
      assertThat(analysis.outputChannels()).isEqualTo(24);
      assertThat(analysis.outputSide(128)).isEqualTo(8);
      assertThat(analysis.outputSide(129)).isEqualTo(9);
      assertThat(synthesis.outputSide(8)).isEqualTo(128);
    }
  }

  @Test
  void takesSidesThatAreNoMultipleOfTheStride() {
    try (OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_A), 1)) {
      MemorySegment output = run(analysis, NativeFloats.uniform(3 * 17 * 33, 1), 1, 17, 33);

      assertThat(output.byteSize()).isEqualTo(4L * 24 * 2 * 3);
    }
  }

  @Test
  void cutsLargeBatchesIntoPartsWithoutAnyoneSeeing() {
    int batch = 70;
    MemorySegment input = NativeFloats.uniform(batch * 3L * 64 * 112, 2);
    try (OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_A), 1)) {
      long values = 24L * 4 * 7;
      MemorySegment whole = run(analysis, input, batch, 64, 112);
      for (int i : new int[] {0, 36, 37, 69}) {
        MemorySegment tile = input.asSlice(i * 3L * 64 * 112 * 4, 3L * 64 * 112 * 4);
        assertClose(whole.asSlice(i * values * 4, values * 4), run(analysis, tile, 1, 64, 112));
      }
    }
  }

  @Test
  void anEmptyBatchDoesNothing() {
    try (OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_A), 1)) {
      assertThat(run(analysis, NativeFloats.zeros(0), 0, 32, 32).byteSize()).isZero();
    }
  }

  @Test
  void servesSeveralThreadsAtOnce() throws Exception {
    try (OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_A), 2);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<MemorySegment>> results = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        int seed = i;
        results.add(
            threads.submit(
                () -> run(analysis, NativeFloats.uniform(3 * 32 * 48, seed), 1, 32, 48)));
      }
      for (int i = 0; i < results.size(); i++) {
        MemorySegment alone = run(analysis, NativeFloats.uniform(3 * 32 * 48, i), 1, 32, 48);
        assertClose(results.get(i).get(), alone);
      }
    }
  }

  @Test
  void cancellingStopsARunAndLeavesTheNetworkUsable() throws Exception {
    int batch = 200;
    MemorySegment input = NativeFloats.zeros(batch * 3L * 128 * 128);
    try (OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_A), 1);
        ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<MemorySegment> result = threads.submit(() -> run(analysis, input, batch, 128, 128));
      while (!result.isDone()) {
        analysis.cancel();
        Thread.sleep(1);
      }
      assertThatThrownBy(result::get).hasCauseInstanceOf(CancellationException.class);

      assertThat(run(analysis, NativeFloats.uniform(3 * 16 * 16, 1), 1, 16, 16).byteSize())
          .isEqualTo(96);
    }
  }

  @Test
  void closesOnceAndRunsNoMore() {
    OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_A), 1);
    analysis.close();
    analysis.close();

    assertThatThrownBy(() -> run(analysis, NativeFloats.zeros(3 * 16 * 16), 1, 16, 16))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void specialValuesComeThrough() {
    float[] values = new float[3 * 16 * 16];
    values[5] = Float.NaN;
    try (OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_A), 1)) {
      float[] latent = NativeFloats.array(run(analysis, NativeFloats.of(values), 1, 16, 16));

      assertThat(latent).contains(Float.NaN);
    }
  }

  @Test
  void reportsSizesThatDoNotFit() {
    try (OnnxNetwork analysis = new OnnxNetwork(OnnxExport.tuned(MODEL, Network.G_A), 1)) {
      MemorySegment tile = NativeFloats.zeros(3 * 16 * 16);
      MemorySegment latent = NativeFloats.zeros(24);
      MemorySegment heap = MemorySegment.ofArray(new float[3 * 16 * 16]);
      MemorySegment odd = NativeFloats.zeros(3 * 16 * 16 + 1).asSlice(2, 3 * 16 * 16 * 4);

      assertInvalid(() -> analysis.run(tile, 2, 3, 16, 16, latent), "does not fill");
      assertInvalid(() -> analysis.run(tile, 1, 3, 32, 16, latent), "does not fill");
      assertInvalid(() -> analysis.run(tile, 1, 3, 16, 16, tile), "does not fill");
      assertInvalid(() -> analysis.run(tile, 1, 6, 16, 8, latent), "takes 3 channels, not 6");
      assertInvalid(() -> analysis.run(tile, -1, 3, 16, 16, latent), "1 or more");
      assertInvalid(() -> analysis.run(tile, 1, 3, 0, 16, latent), "1 or more");
      assertInvalid(() -> analysis.run(heap, 1, 3, 16, 16, latent), "native memory");
      assertInvalid(() -> analysis.run(odd, 1, 3, 16, 16, latent), "aligned");
      assertInvalid(
          () -> analysis.run(tile, Long.MAX_VALUE, 3, Integer.MAX_VALUE, Integer.MAX_VALUE, latent),
          "does not fill");
    }
  }

  private static void assertInvalid(Runnable call, String message) {
    assertThatThrownBy(call::run)
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(message);
  }

  @Test
  void reportsGraphsThatAreNone() {
    byte[] graph = OnnxExport.network(MODEL, Network.G_A);

    assertCorrupt(new byte[0]);
    assertCorrupt(new byte[] {1, 2, 3});
    assertCorrupt(Arrays.copyOf(graph, graph.length / 2));
    byte[] damaged = graph.clone();
    Arrays.fill(damaged, 20, 60, (byte) 0x7F);
    assertCorrupt(damaged);
  }

  private static void assertCorrupt(byte[] graph) {
    assertThatThrownBy(() -> new OnnxNetwork(graph, 1).close())
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("graph");
  }

  @Test
  void reportsANegativeNumberOfThreads() {
    assertInvalid(() -> new OnnxNetwork(new byte[0], -1).close(), "-1 threads");
  }

  @Test
  void namesThePlatformsThatThereAre() {
    assertThat(OnnxEnvironment.unavailable("Plan 9", "mips", new UnsatisfiedLinkError("none")))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContainingAll("Plan 9 mips", "Linux", "macOS", "Windows");
  }
}
