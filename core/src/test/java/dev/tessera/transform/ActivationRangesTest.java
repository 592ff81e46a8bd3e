package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.model.Architecture;
import dev.tessera.model.Calibration;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import dev.tessera.testing.NativeFloats;
import dev.tessera.testing.SyntheticModel;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ActivationRangesTest {
  private static final int SIDE = 64;

  private static MemorySegment tiles(int count) {
    return NativeFloats.uniform((long) count * 3 * SIDE * SIDE, 7);
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void findsWhatEveryConvolutionTakes(Architecture architecture) {
    Model model = SyntheticModel.of(architecture, 16, 24, 3, 1);
    MemorySegment tiles = tiles(3);
    try (ActivationRanges ranges = new ActivationRanges(model, 1)) {
      ranges.add(tiles.asSlice(0, tiles.byteSize() / 3 * 2), 2, SIDE, SIDE);
      ranges.add(tiles.asSlice(tiles.byteSize() / 3 * 2), 1, SIDE, SIDE);
      Calibration found = ranges.finish(99, false);
      found.require(architecture, Network.G_A);
      found.require(architecture, Network.G_S);

      // the third convolution's input: the first four layers in one go
      List<Layer> first = architecture.layers(Network.G_A).subList(0, 4);
      float[] values;
      try (OnnxNetwork network = new OnnxNetwork(OnnxExport.layers(model, Network.G_A, first), 1)) {
        MemorySegment out = NativeFloats.zeros(3L * 16 * (SIDE / 4) * (SIDE / 4));
        network.run(tiles, 3, 3, SIDE, SIDE, out);
        values = NativeFloats.array(out);
      }
      for (int i = 0; i < values.length; i++) {
        values[i] = Math.abs(values[i]);
      }
      Arrays.sort(values);
      Calibration.Range range = found.ranges().get("g_a.4");
      float max = values[values.length - 1];
      assertThat(range.max()).isCloseTo(max, within(1e-5f * max));
      assertThat(range.clipped()).isZero();
      assertThat(range.scale() * Calibration.E4M3_MAX).isBetween(max, 2 * max);
      float quantile = values[(int) Math.ceil(0.99 * values.length) - 1];
      assertThat(range.quantile()).isCloseTo(quantile, within(0.01f * quantile));

      Calibration clipped = ranges.finish(99, true);
      Calibration.Range narrow = clipped.ranges().get("g_a.4");
      float limit = narrow.scale() * Calibration.E4M3_MAX;
      long beyond = Arrays.stream(toDoubles(values)).filter(value -> value > limit).count();
      assertThat(narrow.scale()).isLessThanOrEqualTo(range.scale());
      assertThat(narrow.clipped()).isCloseTo((double) beyond / values.length, within(2e-3));
    }
  }

  private static double[] toDoubles(float[] values) {
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> values[i]);
    return doubles;
  }

  @Test
  void countsMagnitudes() {
    float[] values = new float[1000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 2 == 0 ? 1 : -1) * (i + 1);
    }
    MagnitudeHistogram histogram = new MagnitudeHistogram();
    histogram.add(NativeFloats.of(values));
    assertThat(histogram.max()).isEqualTo(1000);
    assertThat(histogram.quantile(0.5)).isBetween(500f, 505f);
    assertThat(histogram.quantile(1)).isEqualTo(1000);
    assertThat(histogram.shareAbove(900)).isCloseTo(0.1, within(0.005));
    assertThat(histogram.shareAbove(1000)).isZero();
  }
}
