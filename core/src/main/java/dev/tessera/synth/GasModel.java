package dev.tessera.synth;

import java.util.stream.IntStream;

/**
 * Baryons and their temperature on a periodic n³ grid, from the density and the flow of dark
 * matter. Gas follows dark matter, smoothed by pressure; its temperature follows the
 * photo-ionization relation T = T₀ Δ^(γ−1) (Hui and Gnedin, MNRAS 292, 1997) with lognormal
 * scatter, and is raised by shocks where dense gas converges and where streams meet.
 */
final class GasModel {
  private static final double LEAST_DENSITY = 1e-3;
  private static final double MIN_TEMPERATURE = 5e2;
  private static final double MAX_TEMPERATURE = 5e7;

  /** K per (cm/s)² of velocity dispersion along an axis: μ m_p / k for ionized gas, μ = 0.59. */
  private static final double KELVIN_PER_DISPERSION = 7.15e-9;

  private static final long SCATTER_STREAM = 0x5ca77e2L;

  private final int n;
  private final long seed;
  private final CosmologyParameters.Gas gas;

  GasModel(int n, long seed, CosmologyParameters.Gas gas) {
    this.n = n;
    this.seed = seed;
    this.gas = gas;
  }

  /** Baryon density with mean 1, from that of dark matter. */
  float[] density(float[] darkMatter) {
    float[] density = GaussianFilter.smooth(darkMatter, n, gas.pressureRadius());
    for (int i = 0; i < density.length; i++) {
      density[i] = (float) Math.max(density[i], LEAST_DENSITY);
    }
    return density;
  }

  /**
   * Temperature in K.
   *
   * @param density of the gas, mean 1
   * @param velocity along x, y and z in cells
   * @param dispersion variance of the velocity along an axis in each cell, in (cm/s)²; null if
   *     streams that meet do not heat
   */
  float[] temperature(float[] density, float[][] velocity, float[] dispersion) {
    float[] convergence = convergence(velocity);
    float[] scatter = scatter();
    float[] mixing = dispersion == null ? null : heat(dispersion);
    float[] result = new float[density.length];
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int i = z * n * n; i < (z + 1) * n * n; i++) {
            double shocked = shocked(density[i], convergence[i]);
            double heat = mixing == null ? shocked : shocked + mixing[i];
            result[i] = (float) temperature(density[i], heat, scatter[i]);
          }
        });
    return result;
  }

  private double shocked(double density, double convergence) {
    double strength = Math.max(0, Math.min(2, 0.5 + convergence));
    return gas.shockTemperature()
        * strength
        * StrictMath.pow(density / gas.shockDensity(), gas.shockSlope());
  }

  private double temperature(double density, double heat, double scatter) {
    double quiet = gas.meanTemperature() * StrictMath.pow(density, gas.slope());
    double dispersed = (quiet + heat) * StrictMath.pow(10, scatter * gas.scatter());
    return Math.max(MIN_TEMPERATURE, Math.min(MAX_TEMPERATURE, dispersed));
  }

  private float[] heat(float[] dispersion) {
    float[] heat = GaussianFilter.smooth(dispersion, n, gas.flowRadius());
    double factor = KELVIN_PER_DISPERSION * gas.dispersion();
    for (int i = 0; i < heat.length; i++) {
      heat[i] = (float) (heat[i] * factor);
    }
    return heat;
  }

  /** −∇·v of the smoothed flow, in units of cells of displacement per cell. */
  private float[] convergence(float[][] velocity) {
    float[] sum = new float[n * n * n];
    for (int axis = 0; axis < 3; axis++) {
      float[] flow = GaussianFilter.smooth(velocity[axis], n, gas.flowRadius());
      int stride = axis == 0 ? 1 : axis == 1 ? n : n * n;
      IntStream.range(0, n)
          .parallel()
          .forEach(z -> {
            for (int i = z * n * n; i < (z + 1) * n * n; i++) {
              int position = i / stride % n;
              int next = i + (position + 1 < n ? stride : (1 - n) * stride);
              int previous = i - (position > 0 ? stride : (1 - n) * stride);
              sum[i] -= 0.5f * (flow[next] - flow[previous]);
            }
          });
    }
    return sum;
  }

  /** A smooth Gaussian field of unit variance. */
  private float[] scatter() {
    float[] noise = new float[n * n * n];
    if (gas.scatter() == 0) {
      return noise;
    }
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int i = z * n * n; i < (z + 1) * n * n; i++) {
            noise[i] = (float) Draw.normalAt(seed ^ SCATTER_STREAM, i);
          }
        });
    float[] smooth = GaussianFilter.smooth(noise, n, gas.scatterRadius());
    // a Gaussian filter of radius r keeps 1 / (2√π r)³ of white noise's variance
    double deviation = StrictMath.pow(2 * Math.sqrt(Math.PI) * gas.scatterRadius(), -1.5);
    for (int i = 0; i < smooth.length; i++) {
      smooth[i] = (float) (smooth[i] * (1 / deviation));
    }
    return smooth;
  }
}
