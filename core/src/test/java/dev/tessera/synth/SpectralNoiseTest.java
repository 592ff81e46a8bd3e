package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpectralNoiseTest {
  @ParameterizedTest
  @CsvSource({"1.5, 1", "11, 3", "5, 1"})
  void powerFallsWithTheSlope(double numerator, double denominator) {
    double slope = numerator / denominator;
    Grid grid = new Grid(32, 48, 64);
    float[] data = new float[2 * grid.cells()];
    float[] field = SpectralNoise.ofSlope(slope).field(grid, 3);
    for (int i = 0; i < field.length; i++) {
      data[2 * i] = field[i];
    }
    new FourierGrid(grid.depth(), grid.height(), grid.width()).forward(data);
    double low = power(grid, data, 0.5, 0.7);
    double high = power(grid, data, 1.5, 2.1);
    // the wave numbers' ratio is 3
    assertThat(Math.log(low / high) / Math.log(3)).isCloseTo(slope, within(0.25));
  }

  /** Mean power of waves with k between two values per cell. */
  private static double power(Grid grid, float[] data, double from, double to) {
    double sum = 0;
    int count = 0;
    for (int i = 0; i < grid.cells(); i++) {
      double kz = wave(i / grid.plane(), grid.depth());
      double ky = wave(i / grid.width() % grid.height(), grid.height());
      double kx = wave(i % grid.width(), grid.width());
      double k = Math.sqrt(kx * kx + ky * ky + kz * kz);
      if (k >= from && k < to) {
        sum += data[2 * i] * data[2 * i] + data[2 * i + 1] * data[2 * i + 1];
        count++;
      }
    }
    return sum / count;
  }

  private static double wave(int index, int n) {
    return 2 * Math.PI * (index <= n / 2 ? index : index - n) / n;
  }

  @Test
  void theTwoFieldsOfAPairAreIndependent() {
    float[][] pair = SpectralNoise.ofSlope(2).pair(new Grid(16, 32, 32), 5);
    assertThat(correlation(pair[0], pair[1], 0, pair[0].length)).isCloseTo(0, within(0.1));
    assertThat(correlation(pair[0], pair[0], 0, pair[0].length)).isCloseTo(1, within(1e-3));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1, 8})
  void planesHangTogetherAsAsked(double alongZ) {
    Grid grid = new Grid(32, 32, 32);
    float[] field = SpectralNoise.ofSlope(4).outer(12).alongZ(alongZ).field(grid, 6);
    double alongDepth = correlation(field, field, grid.plane(), field.length - grid.plane());
    double alongWidth = correlation(field, field, 1, field.length - 1);
    if (alongZ == 0) {
      assertThat(alongDepth).isCloseTo(0, within(0.1));
    } else if (alongZ == 1) {
      assertThat(alongDepth).isCloseTo(alongWidth, within(0.03));
    } else {
      assertThat(1 - alongDepth).isLessThan((1 - alongWidth) / 8);
    }
  }

  /** Of fields with mean 0 and variance 1, the second moved by an offset. */
  private static double correlation(float[] a, float[] b, int offset, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += a[i] * b[i + offset];
    }
    return sum / count;
  }
}
