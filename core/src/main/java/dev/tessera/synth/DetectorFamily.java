package dev.tessera.synth;

/**
 * Counts of an area detector behind a sample, frames along axis 0: small-angle scattering falling
 * with a power of the angle (Porod, Kolloid-Z. 124, 1951), powder rings, Bragg spots, speckle with
 * the exponential intensities of coherent light (Goodman, "Speckle Phenomena in Optics", 2007), a
 * beam stop, gaps between modules, and Poisson statistics.
 */
final class DetectorFamily implements FieldFamily {
  @Override
  public float[] generate(Grid grid, Draw draw) {
    float[] mean = scattering(grid.flat(), draw);
    if (draw.chance(0.5)) {
      spots(grid.flat(), mean, draw);
    }
    float[] speckle = draw.chance(0.35) ? speckle(grid, draw) : null;
    boolean[] dead = dead(grid.flat(), draw);
    double drift = draw.chance(0.5) ? 0 : draw.uniform(0.2, 3);
    boolean counted = draw.chance(0.85);
    float[] values = new float[grid.cells()];
    for (int i = 0; i < values.length; i++) {
      int at = i % grid.plane();
      if (dead[at]) {
        continue;
      }
      double frame = (double) (i / grid.plane()) / grid.depth();
      double expected = mean[at] * (1 + 0.3 * StrictMath.sin(drift * frame));
      if (speckle != null) {
        expected *= speckle[i];
      }
      values[i] = (float) (counted ? draw.poisson(expected) : expected);
    }
    return values;
  }

  private static float[] scattering(Grid plane, Draw draw) {
    double centreY = draw.uniform(0.1, 0.9) * plane.height();
    double centreX = draw.uniform(0.1, 0.9) * plane.width();
    double power = draw.uniform(1, 4);
    double core = draw.logUniform(3, 30);
    double strength = draw.chance(0.2) ? 0 : draw.logUniform(20, 2e4);
    double background = draw.logUniform(0.1, 30);
    int rings = draw.chance(0.3) ? 0 : draw.integer(1, 12);
    double[] radius = new double[rings];
    double[] width = new double[rings];
    double[] height = new double[rings];
    double[] texture = new double[rings];
    for (int r = 0; r < rings; r++) {
      radius[r] = draw.uniform(0.05, 0.9) * plane.width();
      width[r] = draw.logUniform(0.7, 5);
      height[r] = draw.logUniform(3, 2000);
      texture[r] = draw.chance(0.5) ? 0 : draw.uniform(0, 0.9);
    }
    double turn = draw.uniform(0, Math.PI);
    float[] mean = new float[plane.cells()];
    for (int i = 0; i < mean.length; i++) {
      double dy = i / plane.width() - centreY;
      double dx = i % plane.width() - centreX;
      double r = Math.sqrt(dx * dx + dy * dy);
      double value = background + strength * StrictMath.pow(1 + r * r / (core * core), -power / 2);
      for (int j = 0; j < rings; j++) {
        double distance = (r - radius[j]) / width[j];
        if (Math.abs(distance) < 5) {
          double uneven = 1 + texture[j] * StrictMath.cos(2 * (StrictMath.atan2(dy, dx) - turn));
          value += height[j] * uneven * StrictMath.exp(-0.5 * distance * distance);
        }
      }
      mean[i] = (float) value;
    }
    return mean;
  }

  private static void spots(Grid plane, float[] mean, Draw draw) {
    int count = draw.integer(10, 300);
    double width = draw.logUniform(0.6, 2.5);
    int reach = (int) Math.ceil(4 * width);
    for (int n = 0; n < count; n++) {
      double y = draw.uniform(0, plane.height());
      double x = draw.uniform(0, plane.width());
      double height = draw.logUniform(5, 5e3);
      for (int i = (int) y - reach; i <= (int) y + reach; i++) {
        for (int j = (int) x - reach; j <= (int) x + reach; j++) {
          if (i >= 0 && i < plane.height() && j >= 0 && j < plane.width()) {
            double square = (i - y) * (i - y) + (j - x) * (j - x);
            mean[plane.index(0, i, j)] +=
                (float) (height * StrictMath.exp(-0.5 * square / (width * width)));
          }
        }
      }
    }
  }

  /** |a + ib|² of two Gaussian fields, with mean 1. */
  private static float[] speckle(Grid grid, Draw draw) {
    SpectralNoise grains =
        new SpectralNoise(
            0, 1e4, draw.uniform(0.8, 3), draw.chance(0.3) ? 0 : draw.logUniform(1, 20), 1);
    float[][] wave = grains.pair(grid, draw.seed());
    float[] intensity = wave[0];
    for (int i = 0; i < intensity.length; i++) {
      intensity[i] = 0.5f * (wave[0][i] * wave[0][i] + wave[1][i] * wave[1][i]);
    }
    return intensity;
  }

  /** Where no counts are: gaps of one width every so many rows and columns, and a beam stop. */
  private static boolean[] dead(Grid plane, Draw draw) {
    int gap = draw.chance(0.5) ? 0 : draw.integer(2, 12);
    int module = draw.integer(plane.height() / 4, plane.height());
    int stop = draw.chance(0.5) ? 0 : draw.integer(4, 16);
    double y = draw.uniform(0.2, 0.8) * plane.height();
    double x = draw.uniform(0.2, 0.8) * plane.width();
    boolean[] dead = new boolean[plane.cells()];
    for (int i = 0; i < dead.length; i++) {
      int row = i / plane.width();
      int column = i % plane.width();
      double dy = row - y;
      double dx = column - x;
      boolean stopped =
          stop > 0 && (dx * dx + dy * dy < stop * stop || dy > 0 && Math.abs(dx) < 0.2 * stop);
      dead[i] = stopped || row % (module + gap) >= module || column % (module + gap) >= module;
    }
    return dead;
  }
}
