package dev.tessera.synth;

/**
 * Patterns of the Gray-Scott reaction (Pearson, "Complex patterns in a simple system", Science 261,
 * 1993), a time step of the film along axis 0: u' = Dᵤ∇²u − uv² + F(1 − u), v' = Dᵥ∇²v + uv² − (F +
 * k)v. Spots that divide, stripes, mazes, waves.
 */
final class ReactionDiffusionFamily implements FieldFamily {
  private static final double[][] FEED_AND_KILL = {
    {0.037, 0.060}, {0.030, 0.062}, {0.025, 0.060}, {0.022, 0.051}, {0.018, 0.051}, {0.042, 0.059},
    {0.026, 0.055}, {0.034, 0.0618}, {0.042, 0.061}, {0.055, 0.062}, {0.030, 0.057}, {0.039, 0.058}
  };

  private static final int CHECKED_EVERY = 20;

  @Override
  public float[] generate(Grid grid, Draw draw) {
    double[] rates = FEED_AND_KILL[draw.integer(0, FEED_AND_KILL.length - 1)];
    float feed = (float) rates[0];
    float kill = (float) rates[1];
    double finer = draw.uniform(0.4, 1);
    float diffusionU = (float) (0.2 * finer);
    float diffusionV = (float) (0.1 * finer);
    Grid plane = grid.flat();
    float[] u = new float[plane.cells()];
    float[] v = new float[plane.cells()];
    for (int i = 0; i < u.length; i++) {
      u[i] = (float) (1 - 0.02 * draw.uniform());
      v[i] = (float) (0.02 * draw.uniform());
    }
    sow(plane, u, v, draw);
    int before = draw.integer(400, 2500);
    int each = draw.integer(8, 40);
    boolean first = draw.chance(0.5);
    float[] nextU = new float[u.length];
    float[] nextV = new float[v.length];
    float[] film = new float[grid.cells()];
    for (int step = 0; step < before + each * grid.depth(); step++) {
      if (step % CHECKED_EVERY == 0 && isDead(v)) {
        sow(plane, u, v, draw);
      }
      step(plane, u, v, nextU, nextV, new float[] {diffusionU, diffusionV, feed, kill});
      float[] oldU = u;
      u = nextU;
      nextU = oldU;
      float[] oldV = v;
      v = nextV;
      nextV = oldV;
      if (step >= before && (step - before) % each == 0) {
        int z = (step - before) / each;
        System.arraycopy(first ? u : v, 0, film, z * plane.cells(), plane.cells());
      }
    }
    return film;
  }

  /** Whether the reaction will not go on by itself, as at some rates after a while. */
  private static boolean isDead(float[] v) {
    float most = 0;
    for (float value : v) {
      most = Math.max(most, value);
    }
    return most < 0.12f;
  }

  /** Squares that start the reaction. */
  private static void sow(Grid plane, float[] u, float[] v, Draw draw) {
    int squares = draw.integer(5, 60);
    for (int n = 0; n < squares; n++) {
      int side = draw.integer(4, 20);
      int y0 = draw.integer(0, plane.height() - 1);
      int x0 = draw.integer(0, plane.width() - 1);
      for (int y = y0; y < y0 + side; y++) {
        for (int x = x0; x < x0 + side; x++) {
          int i = plane.index(0, y % plane.height(), x % plane.width());
          u[i] = 0.5f;
          v[i] = 0.25f + 0.1f * (float) draw.uniform();
        }
      }
    }
  }

  /**
   * @param constants diffusion of u and of v, feed, kill
   */
  private static void step(
      Grid plane, float[] u, float[] v, float[] nextU, float[] nextV, float[] constants) {
    int width = plane.width();
    for (int y = 0; y < plane.height(); y++) {
      int row = y * width;
      int above = (y == 0 ? plane.height() - 1 : y - 1) * width;
      int below = (y == plane.height() - 1 ? 0 : y + 1) * width;
      for (int x = 0; x < width; x++) {
        int left = row + (x == 0 ? width - 1 : x - 1);
        int right = row + (x == width - 1 ? 0 : x + 1);
        int i = row + x;
        float a = u[i];
        float b = v[i];
        float reaction = a * b * b;
        float spreadU = u[left] + u[right] + u[above + x] + u[below + x] - 4 * a;
        float spreadV = v[left] + v[right] + v[above + x] + v[below + x] - 4 * b;
        nextU[i] = a + constants[0] * spreadU - reaction + constants[2] * (1 - a);
        nextV[i] = b + constants[1] * spreadV + reaction - (constants[2] + constants[3]) * b;
      }
    }
  }
}
