package dev.tessera.synth;

/**
 * Films of plane flow, time along axis 0, solved by {@link PlaneFlow}: vortices that merge, shear
 * layers that roll up, thermals, and the fingers of a heavy fluid over a light one in a porous
 * medium, smooth or sampled by particles. Shown is what the flow carries, its vorticity or
 * velocity.
 */
final class FlowFamily implements FieldFamily {
  @Override
  public float[] generate(Grid grid, Draw draw) {
    Grid plane = grid.flat();
    int kind = draw.integer(0, 3);
    PlaneFlow flow =
        switch (kind) {
          case 0 -> vortices(plane, draw);
          case 1 -> shear(plane, draw);
          case 2 -> thermals(plane, draw);
          default -> fingers(plane, draw);
        };
    int shown = kind >= 2 && draw.chance(0.6) ? 0 : draw.integer(0, 4);
    int before = draw.integer(20, 200);
    int each = draw.integer(1, 6);
    float[] film = new float[grid.cells()];
    for (int step = 0; step < before; step++) {
      flow.step();
    }
    for (int z = 0; z < grid.depth(); z++) {
      for (int step = 0; step < each; step++) {
        flow.step();
      }
      float[] picture =
          switch (shown) {
            case 0 -> flow.scalar();
            case 1 -> flow.vorticity();
            case 2 -> flow.speed();
            default -> flow.velocity(shown - 3);
          };
      System.arraycopy(picture, 0, film, z * plane.cells(), plane.cells());
    }
    if (shown == 0 && kind >= 2 && draw.chance(0.5)) {
      sample(film, draw);
    }
    return film;
  }

  private static PlaneFlow vortices(Grid plane, Draw draw) {
    double size = draw.logUniform(16, 80);
    double speed = draw.uniform(0.3, 1);
    float[] vorticity =
        new SpectralNoise(draw.uniform(3, 5), size, 1, 1, 1).field(plane, draw.seed());
    scale(vorticity, 2 * Math.PI * speed / size);
    float[] scalar = SpectralNoise.ofSlope(draw.uniform(3, 5)).outer(100).field(plane, draw.seed());
    return new PlaneFlow(
        plane, PlaneFlow.Drive.INERTIA, vorticity, scalar, 0, draw.logUniform(1e-4, 1e-2));
  }

  /** Two opposite layers, with noise that lets them roll up. */
  private static PlaneFlow shear(Grid plane, Draw draw) {
    double width = draw.uniform(1.5, 5);
    double speed = draw.uniform(0.4, 1);
    float[] vorticity = SpectralNoise.ofSlope(3).smoothed(2).field(plane, draw.seed());
    double noise = draw.logUniform(0.002, 0.02);
    float[] scalar = new float[plane.cells()];
    for (int i = 0; i < scalar.length; i++) {
      double y = i / plane.width();
      double up = StrictMath.tanh((y - 0.25 * plane.height()) / width);
      double down = StrictMath.tanh((y - 0.75 * plane.height()) / width);
      vorticity[i] =
          (float)
              (noise * vorticity[i]
                  + speed / width * (1 - up * up)
                  - speed / width * (1 - down * down));
      scalar[i] = (float) (up - down);
    }
    return new PlaneFlow(
        plane, PlaneFlow.Drive.INERTIA, vorticity, scalar, 0, draw.logUniform(1e-4, 1e-2));
  }

  private static PlaneFlow thermals(Grid plane, Draw draw) {
    float[] scalar =
        SpectralNoise.ofSlope(4).outer(draw.logUniform(20, 100)).field(plane, draw.seed());
    boolean blobs = draw.chance(0.5);
    for (int i = 0; i < scalar.length; i++) {
      scalar[i] = blobs ? (scalar[i] > 1 ? 1 : 0) : scalar[i];
    }
    return new PlaneFlow(
        plane,
        PlaneFlow.Drive.BUOYANCY,
        new float[plane.cells()],
        scalar,
        draw.logUniform(0.001, 0.01),
        draw.logUniform(1e-3, 3e-2));
  }

  private static PlaneFlow fingers(Grid plane, Draw draw) {
    float[] scalar = SpectralNoise.ofSlope(draw.uniform(0.5, 2.5)).field(plane, draw.seed());
    double level = draw.uniform(0.2, 0.6) * plane.height();
    double rough = draw.logUniform(0.3, 3);
    for (int i = 0; i < scalar.length; i++) {
      double above = level + rough * scalar[i] - i / plane.width();
      scalar[i] = (float) (0.5 + 0.5 * StrictMath.tanh(above));
    }
    return new PlaneFlow(
        plane,
        PlaneFlow.Drive.POROUS,
        new float[plane.cells()],
        scalar,
        draw.uniform(0.2, 0.8),
        draw.logUniform(3e-3, 5e-2));
  }

  /** Counts of particles, spread a little, in place of a concentration. */
  private static void sample(float[] film, Draw draw) {
    double particles = draw.logUniform(2, 60);
    for (int i = 0; i < film.length; i++) {
      film[i] = (float) (draw.poisson(particles * Math.max(0, film[i])) / particles);
    }
  }

  private static void scale(float[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factor);
    }
  }
}
