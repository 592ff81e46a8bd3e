package dev.tessera.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Similarity against the formula written down plainly, and against what is known of it. */
final class StructuralSimilarityTest {
  private static final int HEIGHT = 23;
  private static final int WIDTH = 19;

  private static double[] waves(int height, int width, double amplitude, long seed) {
    Random random = new Random(seed);
    double[] values = new double[height * width];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          250
              + 40 * Math.sin(i / width * 0.4) * Math.cos(i % width * 0.3)
              + amplitude * random.nextGaussian();
    }
    return values;
  }

  private static double least(double[] values) {
    return Arrays.stream(values).filter(v -> !Double.isNaN(v)).min().orElseThrow();
  }

  private static double greatest(double[] values) {
    return Arrays.stream(values).filter(v -> !Double.isNaN(v)).max().orElseThrow();
  }

  private static StructuralSimilarity of(double[] x, double[] y, int height, int width) {
    StructuralSimilarity similarity =
        new StructuralSimilarity(height, width, least(x), greatest(x));
    similarity.add(x, y);
    return similarity;
  }

  /** Wang et al. 2004, equation 13, window by window in two dimensions; equations 14 to 16. */
  private static double reference(double[] x, double[] y, int height, int width) {
    double low = least(x);
    double range = greatest(x) - low;
    double total = 0;
    int windows = 0;
    for (int row = 5; row < height - 5; row++) {
      for (int column = 5; column < width - 5; column++) {
        if (Double.isNaN(x[row * width + column])) {
          continue;
        }
        double weights = 0;
        double meanX = 0;
        double meanY = 0;
        for (int i = -5; i <= 5; i++) {
          for (int j = -5; j <= 5; j++) {
            int at = (row + i) * width + column + j;
            if (!Double.isNaN(x[at])) {
              double w = Math.exp(-(i * i + j * j) / 4.5);
              weights += w;
              meanX += w * (x[at] - low) / range;
              meanY += w * (y[at] - low) / range;
            }
          }
        }
        meanX /= weights;
        meanY /= weights;
        double varianceX = 0;
        double varianceY = 0;
        double covariance = 0;
        for (int i = -5; i <= 5; i++) {
          for (int j = -5; j <= 5; j++) {
            int at = (row + i) * width + column + j;
            if (!Double.isNaN(x[at])) {
              double w = Math.exp(-(i * i + j * j) / 4.5) / weights;
              double dx = (x[at] - low) / range - meanX;
              double dy = (y[at] - low) / range - meanY;
              varianceX += w * dx * dx;
              varianceY += w * dy * dy;
              covariance += w * dx * dy;
            }
          }
        }
        total +=
            (2 * meanX * meanY + 1e-4)
                * (2 * covariance + 9e-4)
                / ((meanX * meanX + meanY * meanY + 1e-4) * (varianceX + varianceY + 9e-4));
        windows++;
      }
    }
    return total / windows;
  }

  @Test
  void isWhatTheFormulaSays() {
    double[] x = waves(HEIGHT, WIDTH, 3, 1);
    double[] y = waves(HEIGHT, WIDTH, 9, 2);

    assertThat(of(x, y, HEIGHT, WIDTH).ssim())
        .isCloseTo(reference(x, y, HEIGHT, WIDTH), within(1e-12))
        .isBetween(0.1, 0.9);
  }

  @Test
  void missingValuesTakeNoPart() {
    double[] x = waves(HEIGHT, WIDTH, 3, 3);
    double[] y = waves(HEIGHT, WIDTH, 9, 4);
    for (int i = 0; i < x.length; i += 7) {
      x[i] = Double.NaN;
    }
    double[] other = y.clone();
    for (int i = 0; i < x.length; i += 7) {
      other[i] = 1e9;
    }

    double similarity = of(x, y, HEIGHT, WIDTH).ssim();

    assertThat(similarity).isCloseTo(reference(x, y, HEIGHT, WIDTH), within(1e-12));
    assertThat(of(x, other, HEIGHT, WIDTH).ssim()).isEqualTo(similarity);
  }

  @Test
  void equalSlicesAreAlikeAndUnitsDoNotMatter() {
    double[] x = waves(HEIGHT, WIDTH, 3, 5);
    double[] y = waves(HEIGHT, WIDTH, 6, 6);
    double[] kiloX = Arrays.stream(x).map(v -> 1000 * v - 7e5).toArray();
    double[] kiloY = Arrays.stream(y).map(v -> 1000 * v - 7e5).toArray();

    assertThat(of(x, x, HEIGHT, WIDTH).ssim()).isCloseTo(1, within(1e-12));
    assertThat(of(kiloX, kiloY, HEIGHT, WIDTH).ssim())
        .isCloseTo(of(x, y, HEIGHT, WIDTH).ssim(), within(1e-9));
  }

  @Test
  void aShiftedFlatSliceDiffersByBrightnessAlone() {
    StructuralSimilarity similarity = new StructuralSimilarity(HEIGHT, WIDTH, 0, 10);
    double[] x = new double[HEIGHT * WIDTH];
    double[] y = new double[HEIGHT * WIDTH];
    Arrays.fill(x, 4);
    Arrays.fill(y, 6);
    similarity.add(x, y);

    assertThat(similarity.ssim())
        .isCloseTo((2 * 0.4 * 0.6 + 1e-4) / (0.16 + 0.36 + 1e-4), within(1e-9));
  }

  @Test
  void whatCameBackAsNoNumberIsLikeNothing() {
    double[] x = waves(11, 12, 3, 7);
    double[] y = x.clone();
    y[5 * 12] = Double.NaN; // in the first of two windows

    assertThat(of(x, y, 11, 12).ssim()).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void smallSlicesHaveNone() {
    double[] x = waves(10, 40, 3, 8);
    StructuralSimilarity small = of(x, x, 10, 40);

    assertThat(small.ssim()).isNaN();
    assertThat(small.multiScale()).isNaN();
    double[] slice = waves(175, 176, 3, 9);
    assertThat(of(slice, slice, 175, 176).multiScale()).isNaN();
  }

  /** At the coarsest of five scales a slice of 176 × 176 is 11 × 11: one window. */
  @Test
  void fineNoiseCostsLessOnSeveralScales() {
    double[] x = waves(176, 176, 0, 10);
    double[] noisy = waves(176, 176, 8, 11);
    double[] blurred = x.clone();
    for (int i = 0; i < x.length; i++) {
      blurred[i] = 250 + (x[i] - 250) * 0.6;
    }

    assertThat(of(x, x, 176, 176).multiScale()).isCloseTo(1, within(1e-9));
    StructuralSimilarity noise = of(x, noisy, 176, 176);
    StructuralSimilarity contrast = of(x, blurred, 176, 176);
    assertThat(noise.multiScale()).isGreaterThan(noise.ssim() + 0.1).isLessThan(1);
    // lost contrast is lost on every scale: structure (2·0.6·v + C2) / (1.36·v + C2), to the power
    // of exponents that sum to 1
    assertThat(contrast.multiScale()).isBetween(0.87, 0.95);
  }
}
