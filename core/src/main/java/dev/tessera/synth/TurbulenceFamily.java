package dev.tessera.synth;

/**
 * Turbulence without solving for it: a scalar that random vortices have stirred, by repeated
 * warping (advection by a divergence-free field: Bridson, Houriham and Nordenstam, "Curl-noise for
 * procedural fluid flow", SIGGRAPH 2007), vorticity of a Kolmogorov field (spectrum 11/3), and its
 * lognormal dissipation (Kolmogorov, J. Fluid Mech. 13, 1962).
 */
final class TurbulenceFamily implements FieldFamily {
  @Override
  public float[] generate(Grid grid, Draw draw) {
    double alongZ = draw.chance(0.6) ? 1 : draw.logUniform(1.5, 6);
    return switch (draw.integer(0, 3)) {
      case 0, 1 -> stirred(grid, draw, alongZ);
      case 2 -> vorticity(grid, draw, alongZ);
      default -> dissipation(grid, draw, alongZ);
    };
  }

  private static float[] stirred(Grid grid, Draw draw, double alongZ) {
    SpectralNoise scalar = SpectralNoise.ofSlope(draw.uniform(3, 5)).alongZ(alongZ);
    float[] values = scalar.outer(draw.logUniform(30, 300)).field(grid, draw.seed());
    double size = draw.logUniform(24, 96);
    SpectralNoise eddies = new SpectralNoise(draw.uniform(4.5, 6), size, 1, alongZ, 1);
    float[] stream = eddies.field(grid, draw.seed());
    float[][] flow = {null, difference(grid, stream, 2), difference(grid, stream, 1)};
    for (int i = 0; i < stream.length; i++) {
      flow[1][i] = -flow[1][i];
    }
    int steps = draw.integer(3, 10);
    double step = draw.logUniform(0.03, 0.12) * size * size / 6;
    for (int i = 0; i < steps; i++) {
      values = Resample.warp(grid, values, flow, step);
    }
    return values;
  }

  /** Size of the curl of three Gaussian fields. */
  private static float[] vorticity(Grid grid, Draw draw, double alongZ) {
    SpectralNoise noise =
        new SpectralNoise(11.0 / 3, draw.logUniform(30, 200), draw.uniform(0.8, 2), alongZ, 1);
    float[][] ab = noise.pair(grid, draw.seed());
    float[] c = noise.field(grid, draw.seed());
    float[] result = new float[grid.cells()];
    add(result, difference(grid, c, 1), difference(grid, ab[1], 0));
    add(result, difference(grid, ab[0], 0), difference(grid, c, 2));
    add(result, difference(grid, ab[1], 2), difference(grid, ab[0], 1));
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) Math.sqrt(result[i]);
    }
    return result;
  }

  private static void add(float[] squares, float[] a, float[] b) {
    for (int i = 0; i < squares.length; i++) {
      squares[i] += (a[i] - b[i]) * (a[i] - b[i]);
    }
  }

  private static float[] dissipation(Grid grid, Draw draw, double alongZ) {
    SpectralNoise noise =
        new SpectralNoise(
            draw.uniform(2.8, 3.6), draw.logUniform(40, 300), draw.uniform(0, 1.5), alongZ, 1);
    float[] values = noise.field(grid, draw.seed());
    double deviation = draw.uniform(0.5, 1.6);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) StrictMath.exp(deviation * values[i]);
    }
    return values;
  }

  /** Central difference along axis 0 (z), 1 (y) or 2 (x), periodic. */
  static float[] difference(Grid grid, float[] values, int axis) {
    int count = axis == 0 ? grid.depth() : axis == 1 ? grid.height() : grid.width();
    int stride = axis == 0 ? grid.plane() : axis == 1 ? grid.width() : 1;
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      int position = i / stride % count;
      int next = i + (position + 1 < count ? stride : (1 - count) * stride);
      int previous = i - (position > 0 ? stride : (1 - count) * stride);
      result[i] = 0.5f * (values[next] - values[previous]);
    }
    return result;
  }
}
