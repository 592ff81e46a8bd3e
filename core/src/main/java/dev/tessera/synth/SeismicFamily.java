package dev.tessera.synth;

/**
 * Layers of rock, depth along rows: folded, cut by faults, as impedance (constant in a layer) or as
 * a seismic section, its reflections convolved with Ricker's wavelet (Geophysics 18, 1953).
 */
final class SeismicFamily implements FieldFamily {
  /** Samples of the one-dimensional earth in a cell. */
  private static final int FINE = 8;

  @Override
  public float[] generate(Grid grid, Draw draw) {
    int margin = grid.height();
    float[] earth = earth(grid.height() + 2 * margin, draw);
    double alongZ = draw.uniform(1, 4);
    double fold = draw.logUniform(0.01, 0.12) * grid.height();
    float[] bend =
        new SpectralNoise(
                draw.uniform(4, 6), draw.logUniform(60, 400), 3, alongZ, draw.uniform(1, 4))
            .field(grid, draw.seed());
    int faults = draw.integer(0, 6);
    double[][] fault = new double[faults][];
    for (int f = 0; f < faults; f++) {
      fault[f] =
          new double[] {
            draw.uniform(0, grid.width()),
            draw.uniform(-1, 1),
            draw.uniform(-0.5, 0.5),
            draw.uniform(-0.08, 0.08) * grid.height()
          };
    }
    double noise = draw.chance(0.3) ? 0 : draw.logUniform(0.01, 0.3);
    float[] rough = new SpectralNoise(draw.uniform(0, 2), 100, 0.7, 1, 1).field(grid, draw.seed());
    float[] values = new float[grid.cells()];
    for (int i = 0; i < values.length; i++) {
      double z = i / grid.plane();
      double y = i / grid.width() % grid.height();
      double x = i % grid.width();
      double depth = y + margin + fold * bend[i];
      for (double[] f : fault) {
        if (x > f[0] + f[1] * y + f[2] * z) {
          depth += f[3];
        }
      }
      double at = Math.clamp(FINE * depth, 0, earth.length - 2.0);
      int below = (int) at;
      double value = earth[below] + (at - below) * (earth[below + 1] - earth[below]);
      values[i] = (float) (value + noise * rough[i]);
    }
    return values;
  }

  /** Of unit variance, by depth. */
  private static float[] earth(int cells, Draw draw) {
    float[] impedance = new float[FINE * cells];
    double thickness = draw.logUniform(2, 20);
    double trend = draw.uniform(0, 4) / impedance.length;
    int next = 0;
    double layer = 0;
    for (int i = 0; i < impedance.length; i++) {
      if (i >= next) {
        next = i + (int) (FINE * thickness * draw.logUniform(0.3, 3));
        layer = draw.normal();
      }
      impedance[i] = (float) (layer + trend * i);
    }
    float[] earth = draw.chance(0.3) ? impedance : reflections(impedance, draw.uniform(2, 8));
    SpectralNoise.standardize(earth);
    return earth;
  }

  /**
   * @param period of the wavelet in cells
   */
  private static float[] reflections(float[] impedance, double period) {
    int reach = (int) (FINE * period * 1.5);
    float[] section = new float[impedance.length];
    for (int i = 1; i < impedance.length; i++) {
      float jump = impedance[i] - impedance[i - 1];
      if (Math.abs(jump) < 1e-2f) {
        continue;
      }
      for (int d = -reach; d <= reach; d++) {
        if (i + d >= 0 && i + d < section.length) {
          double square = StrictMath.pow(Math.PI * d / (FINE * period), 2);
          section[i + d] += (float) (jump * (1 - 2 * square) * StrictMath.exp(-square));
        }
      }
    }
    return section;
  }
}
