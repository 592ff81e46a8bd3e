package dev.tessera.synth;

/**
 * Wind and pressure of tropical cyclones by height: the profile of Holland (Mon. Weather Rev. 108,
 * 1980) with an eye, spiral bands and turbulence, sheared and weakening upward; land is cut out as
 * zeros in some.
 */
final class CycloneFamily implements FieldFamily {
  @Override
  public float[] generate(Grid grid, Draw draw) {
    SpectralNoise noise =
        new SpectralNoise(
            draw.uniform(2.6, 4), draw.logUniform(20, 100), draw.uniform(0, 1.5), 1, 1);
    float[][] eddies = noise.pair(grid, draw.seed());
    int kind = draw.integer(0, 2);
    double maximum = draw.uniform(25, 75);
    double shape = draw.uniform(1, 2.2);
    double radius = draw.uniform(0.03, 0.12) * grid.width();
    double centreY = draw.uniform(0.25, 0.75) * grid.height();
    double centreX = draw.uniform(0.25, 0.75) * grid.width();
    double shearY = draw.uniform(-0.15, 0.15) * grid.height();
    double shearX = draw.uniform(-0.15, 0.15) * grid.width();
    double decay = draw.uniform(0, 2);
    double arms = draw.integer(1, 4);
    double pitch = draw.uniform(2, 6);
    double bands = draw.uniform(0, 0.35);
    double rough = draw.logUniform(0.02, 0.5);
    double stream = draw.uniform(-10, 10);
    float[] land =
        draw.chance(0.3) ? SpectralNoise.ofSlope(3.4).field(grid.flat(), draw.seed()) : null;
    float[] values = new float[grid.cells()];
    for (int i = 0; i < values.length; i++) {
      double up = (double) (i / grid.plane()) / grid.depth();
      if (land != null && up < 0.1 && land[i % grid.plane()] > 0.8) {
        continue;
      }
      double dy = i / grid.width() % grid.height() - centreY - shearY * up;
      double dx = i % grid.width() - centreX - shearX * up;
      double r = Math.max(0.5, Math.sqrt(dx * dx + dy * dy) / (1 + up));
      double ratio = StrictMath.pow(radius / r, shape);
      double spiral =
          1 + bands * StrictMath.cos(arms * (StrictMath.atan2(dy, dx) - pitch * StrictMath.log(r)));
      double speed =
          maximum
              * StrictMath.exp(-decay * up)
              * Math.sqrt(ratio * StrictMath.exp(1 - ratio))
              * spiral;
      double turbulent = rough * (5 + speed);
      double u = -speed * dy / r + stream + turbulent * eddies[0][i];
      double v = speed * dx / r + turbulent * eddies[1][i];
      values[i] =
          (float)
              switch (kind) {
                case 0 -> Math.sqrt(u * u + v * v);
                case 1 -> u;
                default ->
                    1010
                        - 60 * up
                        - maximum * (1 - StrictMath.exp(-ratio))
                        + 0.2 * turbulent * eddies[0][i];
              };
    }
    return values;
  }
}
