package dev.tessera.synth;

/**
 * Fluorescence microscopy, a stack in focus or in time: nuclei with texture, walls between cells,
 * filaments; blurred by the objective, then counted by a camera (simulated as in SIMCEP: Lehmussola
 * et al., IEEE Trans. Med. Imaging 26, 2007). Walls are the borders of Voronoi cells.
 */
final class MicroscopyFamily implements FieldFamily {
  @Override
  public float[] generate(Grid grid, Draw draw) {
    float[] light = new float[grid.cells()];
    int kinds = draw.integer(1, 7);
    double alongZ = draw.chance(0.5) ? 1 : draw.logUniform(2, 8);
    if ((kinds & 1) != 0) {
      nuclei(grid, light, draw, alongZ);
    }
    if ((kinds & 2) != 0) {
      filaments(grid, light, draw, alongZ);
    }
    if ((kinds & 4) != 0) {
      walls(grid, light, draw, alongZ);
    }
    PlaneBlur.blur(grid, light, draw.logUniform(0.6, 2.5));
    double photons = draw.logUniform(10, 1500);
    double background = draw.logUniform(0.01, 0.3);
    float[] haze = SpectralNoise.ofSlope(5).alongZ(4).field(grid, draw.seed());
    for (int i = 0; i < light.length; i++) {
      double unfocused = background * StrictMath.exp(0.4 * haze[i]);
      light[i] = (float) (photons * (light[i] + unfocused));
    }
    if (draw.chance(0.75)) {
      PhotonDetector.camera(draw).expose(light, draw);
    }
    return light;
  }

  private static void nuclei(Grid grid, float[] light, Draw draw, double alongZ) {
    float[] texture =
        new SpectralNoise(draw.uniform(2.5, 4), 20, 0.7, alongZ, 1).field(grid, draw.seed());
    double size = draw.logUniform(4, 20);
    double share = draw.uniform(0.05, 0.35);
    double depth = Math.max(1, grid.depth() / alongZ);
    double volume = 4 * Math.PI / 3 * size * size * size;
    int count = 3 + (int) (share * grid.plane() * (depth + 2 * size) / volume);
    for (int n = 0; n < count; n++) {
      double[] centre = {
        draw.uniform(-size, depth + size) * alongZ,
        draw.uniform(0, grid.height()),
        draw.uniform(0, grid.width())
      };
      double a = size * draw.uniform(0.7, 1.3);
      double b = a * draw.uniform(0.6, 1);
      double angle = draw.uniform(0, Math.PI);
      double bright = draw.logUniform(0.3, 2);
      ellipsoid(grid, light, texture, new Nucleus(centre, a, b, angle, bright, alongZ));
    }
  }

  private record Nucleus(
      double[] centre, double a, double b, double angle, double bright, double alongZ) {}

  private static void ellipsoid(Grid grid, float[] light, float[] texture, Nucleus nucleus) {
    double cosine = StrictMath.cos(nucleus.angle);
    double sine = StrictMath.sin(nucleus.angle);
    double reach = nucleus.a + 1;
    double reachZ = reach * nucleus.alongZ;
    for (int z = from(nucleus.centre[0] - reachZ);
        z < to(nucleus.centre[0] + reachZ, grid.depth());
        z++) {
      for (int y = from(nucleus.centre[1] - reach);
          y < to(nucleus.centre[1] + reach, grid.height());
          y++) {
        for (int x = from(nucleus.centre[2] - reach);
            x < to(nucleus.centre[2] + reach, grid.width());
            x++) {
          double dz = (z - nucleus.centre[0]) / nucleus.alongZ / nucleus.b;
          double dy = y - nucleus.centre[1];
          double dx = x - nucleus.centre[2];
          double along = (dx * cosine + dy * sine) / nucleus.a;
          double across = (dy * cosine - dx * sine) / nucleus.b;
          double r = Math.sqrt(dz * dz + along * along + across * across);
          double inside = Math.clamp((1 - r) * nucleus.b + 0.5, 0, 1);
          int i = grid.index(z, y, x);
          light[i] += (float) (nucleus.bright * inside * Math.max(0, 1 + 0.25 * texture[i]));
        }
      }
    }
  }

  private static int from(double low) {
    return Math.max(0, (int) Math.floor(low));
  }

  private static int to(double high, int count) {
    return Math.min(count, (int) Math.ceil(high) + 1);
  }

  /** Curves whose direction wanders, a point every half cell. */
  private static void filaments(Grid grid, float[] light, Draw draw, double alongZ) {
    int count = draw.integer(20, 150) * Math.max(1, grid.depth() / 32);
    double bend = draw.logUniform(0.01, 0.1);
    double bright = draw.logUniform(0.1, 0.8);
    for (int n = 0; n < count; n++) {
      double z = draw.uniform(0, grid.depth());
      double y = draw.uniform(0, grid.height());
      double x = draw.uniform(0, grid.width());
      double angle = draw.uniform(0, 2 * Math.PI);
      double tilt = draw.uniform(-0.4, 0.4) * alongZ;
      int length = draw.integer(grid.width() / 2, 3 * grid.width());
      for (int step = 0; step < length; step++) {
        angle += bend * draw.normal();
        y += 0.5 * StrictMath.sin(angle);
        x += 0.5 * StrictMath.cos(angle);
        z += 0.5 * tilt;
        int plane = (int) Math.floor(z);
        if (plane < 0 || plane >= grid.depth()) {
          break;
        }
        int row = Math.floorMod((int) Math.floor(y), grid.height());
        int column = Math.floorMod((int) Math.floor(x), grid.width());
        for (int dz = (int) -alongZ; dz <= (int) alongZ; dz++) {
          if (plane + dz >= 0 && plane + dz < grid.depth()) {
            light[grid.index(plane + dz, row, column)] += (float) bright;
          }
        }
      }
    }
  }

  /** Bright where the two nearest of scattered points are about equally far. */
  private static void walls(Grid grid, float[] light, Draw draw, double alongZ) {
    double size = draw.logUniform(12, 48);
    double width = draw.uniform(0.6, 1.8);
    double bright = draw.uniform(0.4, 1.5);
    boolean filled = draw.chance(0.3);
    VoronoiCells cells = new VoronoiCells(draw.seed(), size);
    double[] found = new double[2];
    for (int i = 0; i < light.length; i++) {
      double z = i / grid.plane() / alongZ;
      double y = i / grid.width() % grid.height();
      double x = i % grid.width();
      long cell = cells.nearest(z, y, x, found);
      double distance = (Math.sqrt(found[1]) - Math.sqrt(found[0])) / width;
      if (distance < 4) {
        light[i] += (float) (bright * StrictMath.exp(-0.5 * distance * distance));
      }
      if (filled) {
        light[i] += (float) (0.4 * bright * Draw.uniformAt(cell, 9));
      }
    }
  }
}
