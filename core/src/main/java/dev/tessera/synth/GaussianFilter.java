package dev.tessera.synth;

import java.util.stream.IntStream;

/**
 * Convolution of a periodic n³ grid with a Gaussian, axis by axis: positive stays positive and the
 * mean is kept.
 */
final class GaussianFilter {
  private static final double REACH = 3;

  private GaussianFilter() {}

  /** A smoothed copy; the radius is in cells. */
  static float[] smooth(float[] grid, int n, double radius) {
    float[] kernel = kernel(radius);
    float[] result = new float[grid.length];
    alongX(grid, result, n, kernel);
    float[] other = new float[grid.length];
    acrossRows(result, other, n, n, kernel);
    acrossRows(other, result, n, n * n, kernel);
    return result;
  }

  private static float[] kernel(double radius) {
    int reach = (int) Math.ceil(REACH * radius);
    float[] kernel = new float[reach + 1];
    double sum = 0;
    for (int i = 0; i <= reach; i++) {
      double weight = StrictMath.exp(-0.5 * i * i / (radius * radius));
      kernel[i] = (float) weight;
      sum += i == 0 ? weight : 2 * weight;
    }
    for (int i = 0; i <= reach; i++) {
      kernel[i] /= (float) sum;
    }
    return kernel;
  }

  private static void alongX(float[] grid, float[] result, int n, float[] kernel) {
    int reach = kernel.length - 1;
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          float[] row = new float[n + 2 * reach];
          for (int at = z * n * n; at < (z + 1) * n * n; at += n) {
            for (int i = -reach; i < n + reach; i++) {
              row[i + reach] = grid[at + (i >= 0 && i < n ? i : Math.floorMod(i, n))];
            }
            for (int x = 0; x < n; x++) {
              result[at + x] = kernel[0] * row[x + reach];
            }
            for (int d = 1; d <= reach; d++) {
              for (int x = 0; x < n; x++) {
                result[at + x] += kernel[d] * (row[x + reach + d] + row[x + reach - d]);
              }
            }
          }
        });
  }

  /** Along y ({@code stride} n) or z (n²); rows stay together, so that memory is read in order. */
  private static void acrossRows(float[] grid, float[] result, int n, int stride, float[] kernel) {
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int at = z * n * n; at < (z + 1) * n * n; at += n) {
            int position = at / stride % n;
            int base = at - position * stride;
            for (int x = 0; x < n; x++) {
              result[at + x] = kernel[0] * grid[at + x];
            }
            for (int d = 1; d < kernel.length; d++) {
              int up = base + Math.floorMod(position + d, n) * stride;
              int down = base + Math.floorMod(position - d, n) * stride;
              for (int x = 0; x < n; x++) {
                result[at + x] += kernel[d] * (grid[up + x] + grid[down + x]);
              }
            }
          }
        });
  }
}
