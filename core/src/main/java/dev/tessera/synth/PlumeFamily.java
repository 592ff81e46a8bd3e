package dev.tessera.synth;

/**
 * Smoke of several sources that particles carry through wind and eddies (a Lagrangian dispersion
 * model: Thomson, J. Fluid Mech. 180, 1987, with frozen eddies), gridded by counting. Most of space
 * is empty; concentrations span decades.
 */
final class PlumeFamily implements FieldFamily {
  private static final int TRACKED = 40_000;

  @Override
  public float[] generate(Grid grid, Draw draw) {
    double alongZ = draw.chance(0.6) ? 1 : draw.uniform(2, 5);
    SpectralNoise eddies = new SpectralNoise(11.0 / 3, draw.logUniform(20, 120), 1, alongZ, 1);
    float[][] flow = eddies.pair(grid, draw.seed());
    float[] vertical = eddies.field(grid, draw.seed());
    double windY = draw.uniform(-0.6, 0.6);
    double windX = draw.uniform(0.2, 1);
    double windZ = draw.uniform(-0.2, 0.2) * alongZ;
    double gusts = draw.uniform(0.2, 0.9);
    double diffusion = draw.logUniform(0.03, 0.5);
    int steps = draw.integer(60, 300);
    double decay = draw.uniform(0, 3) / steps;
    int sources = draw.integer(2, 40);
    float[] smoke = new float[grid.cells()];
    for (int source = 0; source < sources; source++) {
      double[] start = {
        draw.uniform(0, grid.depth()), draw.uniform(0, grid.height()), draw.uniform(0, grid.width())
      };
      double size = draw.logUniform(0.5, 6);
      double strength = draw.logUniform(0.1, 1);
      for (int particle = 0; particle < TRACKED / sources; particle++) {
        double z = start[0] + size * draw.normal() * alongZ;
        double y = start[1] + size * draw.normal();
        double x = start[2] + size * draw.normal();
        double mass = strength;
        for (int step = 0; step < steps; step++) {
          int i =
              grid.index(
                  Math.floorMod((int) Math.floor(z), grid.depth()),
                  Math.floorMod((int) Math.floor(y), grid.height()),
                  Math.floorMod((int) Math.floor(x), grid.width()));
          smoke[i] += (float) mass;
          mass *= 1 - decay;
          z += windZ + gusts * vertical[i] * alongZ;
          y += windY + gusts * flow[0][i] + diffusion * (draw.uniform() - 0.5);
          x += windX + gusts * flow[1][i] + diffusion * (draw.uniform() - 0.5);
        }
      }
    }
    PlaneBlur.blur(grid, smoke, draw.chance(0.3) ? 0 : draw.logUniform(0.5, 2));
    return draw.chance(0.4) ? logarithm(smoke) : smoke;
  }

  private static float[] logarithm(float[] smoke) {
    for (int i = 0; i < smoke.length; i++) {
      smoke[i] = (float) StrictMath.log10(smoke[i] + 0.01);
    }
    return smoke;
  }
}
