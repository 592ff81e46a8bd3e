package dev.tessera.synth;

/**
 * Smooth regions with jumps between them, as compressible flow leaves them: plane shocks and
 * contact surfaces (the Riemann problems of Schulz-Rinne, Collins and Glaz, SIAM J. Sci. Comput.
 * 14, 1993), rippled, and blast waves with a shell behind the front (Sedov, "Similarity and
 * Dimensional Methods in Mechanics", 1959).
 */
final class FrontFamily implements FieldFamily {
  private static final int MOST_FRONTS = 9;

  @Override
  public float[] generate(Grid grid, Draw draw) {
    double alongZ = draw.chance(0.7) ? 1 : draw.logUniform(2, 6);
    float[][] noise =
        SpectralNoise.ofSlope(draw.uniform(4.2, 5.5)).alongZ(alongZ).pair(grid, draw.seed());
    float[] values = noise[0];
    double rough = draw.chance(0.2) ? 0 : draw.logUniform(0.02, 0.5);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (rough * values[i]);
    }
    int fronts = draw.integer(2, MOST_FRONTS);
    double ripple = draw.chance(0.4) ? 0 : draw.logUniform(0.01, 0.15) * grid.width();
    for (int front = 0; front < fronts; front++) {
      double[] centre = {
        draw.uniform(0, grid.depth()), draw.uniform(0, grid.height()), draw.uniform(0, grid.width())
      };
      double width = draw.chance(0.6) ? 0.5 : draw.logUniform(0.5, 3);
      double jump = (draw.chance(0.5) ? 1 : -1) * draw.logUniform(0.2, 3);
      if (draw.chance(0.4)) {
        plane(grid, values, noise[1], draw, centre, new Edge(width, jump, ripple, alongZ));
      } else {
        blast(grid, values, noise[1], draw, centre, new Edge(width, jump, ripple, alongZ));
      }
    }
    return values;
  }

  /**
   * @param width over which the value changes, in cells
   * @param ripple displacement of the front by noise, in cells
   */
  private record Edge(double width, double jump, double ripple, double alongZ) {
    /** From 0 far in front, where {@code distance} is negative, to 1. */
    double behind(double distance) {
      double t = Math.clamp(0.5 + distance / (2 * width), 0, 1);
      return t * t * (3 - 2 * t);
    }
  }

  private static void plane(
      Grid grid, float[] values, float[] noise, Draw draw, double[] centre, Edge edge) {
    double[] normal = {draw.normal() / edge.alongZ, draw.normal(), draw.normal()};
    double length =
        Math.sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]);
    double slope = draw.chance(0.5) ? 0 : draw.uniform(-1, 1) / grid.width();
    for (int i = 0; i < values.length; i++) {
      double z = i / grid.plane() - centre[0];
      double y = i / grid.width() % grid.height() - centre[1];
      double x = i % grid.width() - centre[2];
      double distance = (normal[0] * z + normal[1] * y + normal[2] * x) / length;
      double behind = edge.behind(distance + edge.ripple * noise[i]);
      if (behind > 0) {
        values[i] += (float) (edge.jump * behind * (1 + slope * distance));
      }
    }
  }

  /** Inside a sphere the value rises with a power of the radius to its front. */
  private static void blast(
      Grid grid, float[] values, float[] noise, Draw draw, double[] centre, Edge edge) {
    double radius = draw.logUniform(0.06, 0.45) * grid.width();
    int power = (int) draw.oneOf(0, 0, 1, 2, 6, 12);
    double flat = draw.uniform(0.5, 1.5);
    for (int i = 0; i < values.length; i++) {
      double z = (i / grid.plane() - centre[0]) / edge.alongZ;
      double y = (i / grid.width() % grid.height() - centre[1]) * flat;
      double x = i % grid.width() - centre[2];
      double r = Math.sqrt(x * x + y * y + z * z);
      double behind = edge.behind(radius - r + 0.5 * edge.ripple * noise[i]);
      if (behind > 0) {
        double profile = 1;
        double ratio = Math.min(1, r / radius);
        for (int p = 0; p < power; p++) {
          profile *= ratio;
        }
        values[i] += (float) (edge.jump * behind * profile);
      }
    }
  }
}
