package dev.tessera.synth;

import java.util.stream.IntStream;

/**
 * Periodic Gaussian random fields of zero mean and unit variance with a power-law spectrum, P(k) ∝
 * (k₀² + k²)^(−slope/2) exp(−r²k²): fractional Brownian motion (Mandelbrot and Van Ness, SIAM
 * Review 10, 1968) with an outer scale 2π/k₀ and an inner scale r.
 *
 * @param slope of the power by k; 11/3 in a volume and 8/3 in a plane is Kolmogorov's
 * @param outer largest structures, in cells
 * @param inner radius of a Gaussian that smooths, in cells
 * @param alongZ how much longer structures are along z than along x; 0 for planes that have nothing
 *     to do with each other
 * @param alongY the same along y
 */
record SpectralNoise(double slope, double outer, double inner, double alongZ, double alongY) {
  /** Isotropic, with structures of all sizes. */
  static SpectralNoise ofSlope(double slope) {
    return new SpectralNoise(slope, 1e4, 0, 1, 1);
  }

  SpectralNoise alongZ(double factor) {
    return new SpectralNoise(slope, outer, inner, factor, alongY);
  }

  SpectralNoise smoothed(double radius) {
    return new SpectralNoise(slope, outer, radius, alongZ, alongY);
  }

  SpectralNoise outer(double cells) {
    return new SpectralNoise(slope, cells, inner, alongZ, alongY);
  }

  /** How planes of a stack hang together: not at all, as those of a volume, or as time steps. */
  static double drawAlongZ(Draw draw) {
    return draw.chance(0.12) ? 0 : draw.chance(0.45) ? 1 : draw.logUniform(1.5, 8);
  }

  float[] field(Grid grid, long seed) {
    return pair(grid, seed)[0];
  }

  /** Two independent fields, for the cost of one: real and imaginary part of one transform. */
  float[][] pair(Grid grid, long seed) {
    float[] data = new float[2 * grid.cells()];
    double[] squaresX = squares(grid.width(), 1);
    double[] squaresY = squares(grid.height(), alongY);
    double[] squaresZ = squares(grid.depth(), alongZ);
    double k0 = 2 * Math.PI / outer;
    IntStream.range(0, grid.depth())
        .parallel()
        .forEach(z -> {
          for (int y = 0; y < grid.height(); y++) {
            for (int x = 0; x < grid.width(); x++) {
              int i = grid.index(z, y, x);
              double square = squaresX[x] + squaresY[y] + squaresZ[z];
              if (square == 0) {
                continue;
              }
              double amplitude =
                  StrictMath.pow(k0 * k0 + square, -slope / 4)
                      * StrictMath.exp(-0.5 * square * inner * inner);
              data[2 * i] = (float) (amplitude * Draw.normalAt(seed, 2L * i));
              data[2 * i + 1] = (float) (amplitude * Draw.normalAt(seed, 2L * i + 1));
            }
          }
        });
    new FourierGrid(grid.depth(), grid.height(), grid.width()).inverse(data);
    float[][] fields = new float[2][grid.cells()];
    for (int i = 0; i < grid.cells(); i++) {
      fields[0][i] = data[2 * i];
      fields[1][i] = data[2 * i + 1];
    }
    standardize(fields[0]);
    standardize(fields[1]);
    return fields;
  }

  /** (stretch · 2π k / n)² for every element of a transform. */
  private static double[] squares(int n, double stretch) {
    double[] squares = new double[n];
    for (int i = 0; i < n; i++) {
      double k = stretch * 2 * Math.PI * GaussianField.wave(i, n) / n;
      squares[i] = k * k;
    }
    return squares;
  }

  /** Brings values to mean 0 and variance 1, in place. */
  static void standardize(float[] values) {
    double sum = 0;
    double squares = 0;
    for (float value : values) {
      sum += value;
      squares += (double) value * value;
    }
    double mean = sum / values.length;
    double scale = 1 / Math.sqrt(squares / values.length - mean * mean);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((values[i] - mean) * scale);
    }
  }
}
