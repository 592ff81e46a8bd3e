package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.TesseraException;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FactorizedDensityTest {
  private static final String GOLDEN = "golden/bmshj2018-factorized/";

  @Test
  void rebuildsTheTablesOfTheGoldenModel() throws IOException {
    assertRebuilds(TestData.file(GOLDEN + "weights.safetensors"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "models/nyx-factorized.safetensors",
        "golden/bmshj2018-factorized-relu/weights.safetensors",
        "golden/bmshj2018-hyperprior/weights.safetensors",
        "golden/mbt2018-mean/weights.safetensors"
      })
  void rebuildsTheTablesOfOtherModels(String file) throws IOException {
    assertRebuilds(TestData.shared(file));
  }

  private static void assertRebuilds(Path file) throws IOException {
    EntropyFiles.Weights weights = EntropyFiles.Weights.read(file);
    CdfTables stored = weights.tables("entropy_bottleneck");
    CdfTables rebuilt = weights.density().tables();
    assertThat(rebuilt.count()).isEqualTo(stored.count());
    for (int c = 0; c < stored.count(); c++) {
      assertThat(rebuilt.offset(c)).isEqualTo(stored.offset(c));
      int[] expected = stored.cdf(c);
      int[] actual = rebuilt.cdf(c);
      assertThat(actual).hasSameSizeAs(expected);
      for (int i = 0; i < expected.length; i++) {
        assertThat(actual[i]).as("channel %d entry %d", c, i).isCloseTo(expected[i], within(1));
      }
    }
  }

  @Test
  void estimatesTheBitsThatTrainingReports() throws IOException {
    FactorizedDensity density =
        EntropyFiles.Weights.read(TestData.file(GOLDEN + "weights.safetensors")).density();
    double reported =
        EntropyFiles.json(TestData.file(GOLDEN + "case.json"))
            .getAsJsonObject()
            .getAsJsonObject("likelihood_bits")
            .get("y")
            .getAsDouble();
    float[] latents = EntropyFiles.npy(TestData.file(GOLDEN + "y.npy"));
    int size = density.channels() * 96;
    double bits = 0;
    for (int image = 0; image < latents.length / size; image++) {
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        float median = density.median(i / 96);
        values[i] = (float) Math.rint(latents[image * size + i] - median) + median;
      }
      bits += density.bits(values, 96);
    }
    assertThat(bits).isCloseTo(reported, within(reported * 1e-5));
  }

  @Test
  void likelihoodsAreADistribution() {
    FactorizedDensity density = logistic(2);
    double sum = 0;
    for (int value = -60; value <= 60; value++) {
      sum += density.likelihood(1, value + 0.25f);
    }
    assertThat(sum).isCloseTo(1, within(1e-5));
    assertThat(density.likelihood(0, 0)).isCloseTo(0.244918f, within(1e-5f));
    assertThat(density.bits(new float[] {0, 1e6f}, 1))
        .as("at least 1e-9 each")
        .isCloseTo(2.02963 + 29.89735, within(1e-3));
    assertThat(density.likelihood(0, Float.NaN)).isNaN();
  }

  @Test
  void takesAnyNetworkWidths() {
    FactorizedDensity density = logistic(1);
    CdfTables tables = density.tables();
    assertThat(tables.offset(0)).isEqualTo(-4);
    assertThat(tables.length(0)).isEqualTo(4 + 7 + 1 + 2);
    assertThat(density.median(0)).isZero();
  }

  @Test
  void refusesArraysThatDoNotFitEachOther() {
    float[][] one = {{1, 1}};
    float[][] none = {};
    float[] quantiles = {-4, 0, 7, -4, 0, 7};
    assertCorrupt(none, none, none, quantiles);
    assertCorrupt(one, one, one, quantiles);
    assertCorrupt(one, new float[][] {{1}}, none, quantiles);
    assertCorrupt(one, new float[][] {{1, 1, 1, 1}}, none, quantiles);
    assertCorrupt(one, new float[][] {{}}, none, quantiles);
    assertCorrupt(new float[][] {{1}}, one, none, quantiles);
    assertCorrupt(one, one, none, new float[4]);
    assertCorrupt(one, one, none, new float[0]);
    assertCorrupt(one, new float[][] {{1, Float.NaN}}, none, quantiles);
    assertCorrupt(new float[][] {{1, Float.POSITIVE_INFINITY}}, one, none, quantiles);
  }

  @ParameterizedTest
  @ValueSource(floats = {70_000, 1e20f, Float.MAX_VALUE})
  void refusesQuantilesThatNoTableHolds(float upper) {
    FactorizedDensity density =
        new FactorizedDensity(
            new float[][] {{1}}, new float[][] {{0}}, new float[0][], new float[] {-1, 0, upper});
    assertThatThrownBy(density::tables)
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("quantiles of channel 0");
  }

  @Test
  void refusesALatentOfAnotherSize() {
    FactorizedDensity density = logistic(2);
    assertThatThrownBy(() -> density.bits(new float[7], 3))
        .isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> density.bits(new float[0], -1))
        .isInstanceOf(TesseraException.Invalid.class);
  }

  private static void assertCorrupt(
      float[][] matrices, float[][] biases, float[][] factors, float[] quantiles) {
    assertThatThrownBy(() -> new FactorizedDensity(matrices, biases, factors, quantiles))
        .isInstanceOf(TesseraException.Corrupt.class);
  }

  /** One layer of weight 1: the logistic distribution of scale 1. */
  private static FactorizedDensity logistic(int channels) {
    float[] weights = new float[channels];
    Arrays.fill(weights, (float) Math.log(Math.expm1(1)));
    float[] quantiles = new float[3 * channels];
    for (int c = 0; c < channels; c++) {
      quantiles[3 * c] = -4;
      quantiles[3 * c + 2] = 6.5f;
    }
    return new FactorizedDensity(
        new float[][] {weights}, new float[][] {new float[channels]}, new float[0][], quantiles);
  }
}
