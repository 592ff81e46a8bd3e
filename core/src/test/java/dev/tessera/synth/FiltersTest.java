package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Blurs, resampling, Voronoi cells and counts. */
class FiltersTest {
  @ParameterizedTest
  @ValueSource(doubles = {0.6, 1.2, 4})
  void aPeriodicFilterTurnsAPointIntoAGaussian(double radius) {
    int n = 24;
    float[] point = new float[n * n * n];
    point[(1 * n + 23) * n + 12] = 1;
    float[] spread = GaussianFilter.smooth(point, n, radius);
    double sum = 0;
    double square = 0;
    for (int z = 0; z < n; z++) {
      for (int y = 0; y < n; y++) {
        for (int x = 0; x < n; x++) {
          double value = spread[(z * n + y) * n + x];
          int d = Math.floorMod(z - 1 + n / 2, n) - n / 2;
          sum += value;
          square += value * d * d;
        }
      }
    }
    assertThat(sum).isCloseTo(1, within(1e-5));
    // three radii hold all but three percent of the variance
    assertThat(Math.sqrt(square)).isCloseTo(radius, within(0.03 * radius + 0.01));
  }

  @Test
  void aBlurKeepsWhatIsEvenAndSpreadsInPlanesOnly() {
    Grid grid = new Grid(2, 20, 30);
    float[] values = new float[grid.cells()];
    Arrays.fill(values, 0, grid.plane(), 3);
    values[grid.index(1, 10, 15)] = 1;
    PlaneBlur.blur(grid, values, 1.5);
    assertThat(values[grid.index(0, 0, 0)]).isCloseTo(3, within(1e-5f));
    assertThat(values[grid.index(1, 10, 15)])
        .isCloseTo((float) (1 / (2 * Math.PI * 2.25)), within(2e-3f));
    assertThat(values[grid.index(1, 12, 15)])
        .isCloseTo(values[grid.index(1, 10, 17)], within(1e-7f));
  }

  @Test
  void warpingByWholeCellsMovesValues() {
    Grid grid = new Grid(3, 5, 7);
    Random random = new Random(1);
    float[] values = new float[grid.cells()];
    float[][] shifts = new float[3][grid.cells()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
      shifts[0][i] = 1;
      shifts[1][i] = -2;
      shifts[2][i] = 0.5f;
    }
    float[] moved = Resample.warp(grid, values, shifts, 2);
    for (int z = 0; z < 3; z++) {
      for (int y = 0; y < 5; y++) {
        for (int x = 0; x < 7; x++) {
          assertThat(moved[grid.index(z, y, x)])
              .isEqualTo(values[grid.index((z + 2) % 3, (y + 1) % 5, (x + 1) % 7)]);
        }
      }
    }
  }

  @Test
  void cubicInterpolationKeepsParabolas() {
    Grid plane = new Grid(1, 16, 16);
    float[] values = new float[plane.cells()];
    for (int i = 0; i < values.length; i++) {
      int y = i / 16;
      int x = i % 16;
      values[i] = 2 + 0.5f * x - y + 0.25f * x * x + 0.125f * y * y;
    }
    assertThat(Resample.cubic(plane, values, 5.3, 9.8))
        .isCloseTo(2 + 0.5 * 9.8 - 5.3 + 0.25 * 9.8 * 9.8 + 0.125 * 5.3 * 5.3, within(1e-5));
  }

  @Test
  void voronoiDistancesAreOrderedAndContinuous() {
    VoronoiCells cells = new VoronoiCells(7, 10);
    double[] squares = new double[2];
    double[] next = new double[2];
    for (int i = 0; i < 500; i++) {
      double x = -20 + 0.1 * i;
      long cell = cells.nearest(3, 4, x, squares);
      assertThat(squares[0]).isLessThanOrEqualTo(squares[1]);
      long other = cells.nearest(3, 4, x + 1e-6, next);
      assertThat(Math.sqrt(next[0])).isCloseTo(Math.sqrt(squares[0]), within(2e-6));
      assertThat(cell == other || squares[1] - squares[0] < 1e-3).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3, 12, 49.9, 50.1, 3000})
  void countsHavePoissonsMeanAndVariance(double mean) {
    Draw draw = new Draw(11);
    int trials = 20_000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < trials; i++) {
      double count = draw.poisson(mean);
      sum += count;
      squares += count * count;
    }
    double found = sum / trials;
    assertThat(found).isCloseTo(mean, within(5 * Math.sqrt(mean / trials)));
    assertThat(squares / trials - found * found).isCloseTo(mean, within(0.06 * mean));
  }

  @Test
  void drawsStayInTheirRanges() {
    Draw draw = new Draw(12);
    int[] found = new int[4];
    for (int i = 0; i < 1000; i++) {
      assertThat(draw.uniform(2, 3)).isBetween(2.0, 3.0);
      assertThat(draw.logUniform(0.1, 10)).isBetween(0.1, 10.0);
      found[draw.integer(0, 3)]++;
    }
    for (int count : found) {
      assertThat(count).isBetween(200, 300);
    }
  }
}
