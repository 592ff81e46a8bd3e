package dev.tessera.synth;

/**
 * Images of the sky, bands or exposures along axis 0: stars with a power law of fluxes, their image
 * by Moffat's profile (A&amp;A 3, 1969), galaxies with Sérsic's (exponential to de Vaucouleurs),
 * diffuse emission with the k⁻³ spectrum of cirrus (Gautier et al., AJ 103, 1992), background,
 * noise of the photons and of the detector.
 */
final class SkyFamily implements FieldFamily {
  /** Of a galaxy's profile at its half-light radius, about. */
  private static final double STEEPNESS = 1.5;

  @Override
  public float[] generate(Grid grid, Draw draw) {
    float[] light = new float[grid.cells()];
    double alongZ = draw.chance(0.5) ? 4 : 1;
    float[] cirrus =
        new SpectralNoise(draw.uniform(2.6, 3.6), 1e3, draw.uniform(0, 1.5), alongZ, 1)
            .field(grid, draw.seed());
    double background = draw.logUniform(0.3, 300);
    double diffuse = draw.chance(0.2) ? 0 : draw.logUniform(0.05, 1.2);
    double tiltY = draw.uniform(-0.2, 0.2);
    double tiltX = draw.uniform(-0.2, 0.2);
    for (int i = 0; i < light.length; i++) {
      double y = (double) (i / grid.width() % grid.height()) / grid.height() - 0.5;
      double x = (double) (i % grid.width()) / grid.width() - 0.5;
      light[i] =
          (float) (background * (1 + tiltY * y + tiltX * x) * StrictMath.exp(diffuse * cirrus[i]));
    }
    double noise = draw.logUniform(0.01, 0.4) * Math.sqrt(background);
    sources(grid, light, draw, noise);
    if (draw.chance(0.85)) {
      double photons = draw.logUniform(1, 1e3);
      for (int i = 0; i < light.length; i++) {
        double shot = Math.sqrt(Math.max(0, light[i]) / photons);
        light[i] += (float) (draw.normal() * Math.sqrt(noise * noise + shot * shot));
      }
    }
    if (draw.chance(0.4)) {
      for (int i = 0; i < light.length; i++) {
        light[i] -= (float) background;
      }
    }
    return light;
  }

  private static void sources(Grid grid, float[] light, Draw draw, double noise) {
    double width = draw.logUniform(0.7, 3);
    double wings = draw.uniform(2.2, 4.5);
    double slope = draw.uniform(0.6, 1.3);
    int stars = (int) (draw.logUniform(1e-4, 1e-2) * grid.plane());
    int galaxies = (int) (draw.logUniform(1e-5, 1e-3) * grid.plane());
    for (int n = 0; n < stars + galaxies; n++) {
      boolean star = n < stars;
      // N(> S) ∝ S^−slope above the noise
      double peak = 4 * noise * Math.min(1e4, StrictMath.pow(1 - draw.uniform(), -1 / slope));
      double size = star ? width : draw.logUniform(1.5, 12);
      double power = star ? wings : 0.5 / draw.uniform(1, 4);
      double faint = 0.05 * noise / peak;
      double reach =
          star
              ? size * Math.sqrt(StrictMath.pow(faint, -1 / wings) - 1)
              : size * StrictMath.pow(1 - StrictMath.log(faint) / STEEPNESS, 0.5 / power);
      Source source =
          new Source(star, peak, size, power, Math.min(reach, grid.width()), draw.uniform(-1, 1));
      double flat = star ? 1 : draw.uniform(0.3, 1);
      draw(
          grid,
          light,
          source,
          new double[] {
            draw.uniform(0, grid.height()),
            draw.uniform(0, grid.width()),
            draw.uniform(0, Math.PI),
            flat
          });
    }
  }

  /**
   * @param size radius of a star's image or half-light radius of a galaxy, in cells
   * @param power exponent of the squared radius, Moffat's or Sérsic's
   * @param reach where it is lost in the noise
   * @param colour how its light changes from the first plane to the last
   */
  private record Source(
      boolean star, double peak, double size, double power, double reach, double colour) {
    double at(double square) {
      return star
          ? StrictMath.pow(1 + square, -power)
          : StrictMath.exp(STEEPNESS * (1 - StrictMath.pow(square + 0.02, power)));
    }
  }

  /**
   * @param place row, column, angle, axis ratio
   */
  private static void draw(Grid grid, float[] light, Source source, double[] place) {
    double cosine = StrictMath.cos(place[2]);
    double sine = StrictMath.sin(place[2]);
    double reach = source.reach;
    double edge = source.at(reach * reach / (source.size * source.size));
    int lastRow = (int) Math.min(grid.height() - 1, place[0] + reach);
    int lastColumn = (int) Math.min(grid.width() - 1, place[1] + reach);
    for (int i = (int) Math.max(0, place[0] - reach); i <= lastRow; i++) {
      for (int j = (int) Math.max(0, place[1] - reach); j <= lastColumn; j++) {
        double dy = i - place[0];
        double dx = j - place[1];
        double along = dx * cosine + dy * sine;
        double across = (dy * cosine - dx * sine) / place[3];
        double square = (along * along + across * across) / (source.size * source.size);
        double value = source.peak * Math.max(0, source.at(square) - edge);
        if (value == 0) {
          continue;
        }
        for (int z = 0; z < grid.depth(); z++) {
          double band = (double) z / grid.depth() - 0.5;
          light[grid.index(z, i, j)] += (float) (value * (1 + source.colour * band));
        }
      }
    }
  }
}
