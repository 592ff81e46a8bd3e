package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.TesseraException;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class GaussianTablesTest {
  @ParameterizedTest
  @CsvSource({"bmshj2018-hyperprior", "mbt2018-mean"})
  void rebuildsTheTablesOfTheGoldenModels(String model) throws IOException {
    EntropyFiles.Weights weights =
        EntropyFiles.Weights.read(TestData.shared("golden/" + model + "/weights.safetensors"));
    CdfTables stored = weights.tables("gaussian_conditional");
    CdfTables rebuilt =
        new GaussianTables(weights.floats("gaussian_conditional.scale_table"), 0.11f).tables();
    assertThat(rebuilt.count()).isEqualTo(stored.count());
    for (int t = 0; t < stored.count(); t++) {
      assertThat(rebuilt.offset(t)).isEqualTo(stored.offset(t));
      assertThat(rebuilt.cdf(t)).as("table %d", t).isEqualTo(stored.cdf(t));
    }
  }

  @Test
  void standardScalesAreTheGoldenModels() throws IOException {
    float[] stored =
        EntropyFiles.Weights.read(
                TestData.shared("golden/bmshj2018-hyperprior/weights.safetensors"))
            .floats("gaussian_conditional.scale_table");
    float[] scales = GaussianTables.standardScales();
    assertThat(scales).isEqualTo(stored);
  }

  @Test
  void scalesAreEquallySpacedUpToTheLast() {
    float[] standard = GaussianTables.standardScales();
    float[] same = GaussianTables.scales(256);
    float[] smaller = GaussianTables.scales(64);
    assertThat(smaller).hasSize(standard.length).startsWith(0.11f).endsWith(64f);
    for (int i = 0; i < standard.length; i++) {
      assertThat(same[i]).isCloseTo(standard[i], within(1e-6f * standard[i]));
    }
    for (int i = 1; i < smaller.length; i++) {
      assertThat(smaller[i] / smaller[i - 1]).isCloseTo(smaller[1] / smaller[0], within(1e-5f));
    }
    assertThatThrownBy(() -> GaussianTables.scales(0.1f))
        .isInstanceOf(IllegalArgumentException.class);
  }

  static Stream<GaussianTables> sets() {
    return Stream.of(
        GaussianTables.standard(),
        new GaussianTables(new float[] {1}, 0.5f),
        new GaussianTables(new float[] {1, 2}, 0.11f),
        new GaussianTables(new float[] {1, 2, 3}, 1.5f),
        new GaussianTables(new float[] {0.25f, 1, 2, 3, 500}, 0.11f));
  }

  @ParameterizedTest
  @MethodSource("sets")
  void indexCountsTheSmallerScales(GaussianTables tables) {
    Random random = new Random(2);
    float[] scales = new float[2000];
    for (int i = 0; i < scales.length; i++) {
      scales[i] =
          switch (i % 4) {
            case 0 -> (float) Math.exp(random.nextGaussian() * 3);
            case 1 -> tables.scale(random.nextInt(tables.count()));
            case 2 -> Math.nextUp(tables.scale(random.nextInt(tables.count())));
            default -> Math.nextDown(tables.scale(random.nextInt(tables.count())));
          };
    }
    float[] special = {
      0, -0f, -5, Float.MIN_VALUE, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, Float.MAX_VALUE
    };
    System.arraycopy(special, 0, scales, 0, special.length);
    float bound = tables.count() == 3 ? 1.5f : tables.count() == 1 ? 0.5f : 0.11f;
    int[] indexes = new int[scales.length + 3];
    tables.indexes(scales, 0, indexes, 3, scales.length);
    for (int i = 0; i < scales.length; i++) {
      int expected = 0;
      for (int t = 0; t < tables.count() - 1; t++) {
        expected += tables.scale(t) < Math.max(scales[i], bound) ? 1 : 0;
      }
      assertThat(tables.index(scales[i])).as("%s", scales[i]).isEqualTo(expected);
      assertThat(indexes[i + 3]).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @MethodSource("sets")
  void notANumberTakesTheLastTable(GaussianTables tables) {
    assertThat(tables.index(Float.NaN)).isEqualTo(tables.count() - 1);
  }

  @Test
  void likelihoodsAreTheNormalDistribution() {
    GaussianTables tables = GaussianTables.standard();
    assertThat(tables.likelihood(0, 1)).isCloseTo(0.382925f, within(1e-6f));
    assertThat(tables.likelihood(-1, 1)).isEqualTo(tables.likelihood(1, 1));
    assertThat(tables.likelihood(1, 0)).isEqualTo(tables.likelihood(1, 0.11f));
    // far out, 1 - cdf would have no digits
    assertThat(tables.likelihood(6, 1)).isCloseTo(1.8943e-8f, within(1e-10f));
  }

  @Test
  void refusesScalesThatDoNotRise() {
    for (float[] scales :
        new float[][] {
          {},
          {0},
          {-1},
          {Float.NaN},
          {1, 1},
          {2, 1},
          {1, Float.NaN},
          {Float.POSITIVE_INFINITY},
          {6000}
        }) {
      assertThatThrownBy(() -> new GaussianTables(scales, 0.11f))
          .isInstanceOf(TesseraException.Corrupt.class);
    }
    for (float bound : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> new GaussianTables(new float[] {1}, bound))
          .isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @Test
  void theLargestScaleStillHasATable() {
    CdfTables tables = new GaussianTables(new float[] {5000}, 0.11f).tables();
    assertThat(tables.length(0)).isLessThan(65537);
  }
}
