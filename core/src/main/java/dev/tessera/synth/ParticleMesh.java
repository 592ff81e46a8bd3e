package dev.tessera.synth;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.stream.IntStream;

/**
 * Assigns particles to a periodic grid by the cloud-in-cell rule (Hockney and Eastwood, "Computer
 * Simulation Using Particles", 1988). One or more particles per axis start in each cell, and lie
 * and move as a {@link ParticleFlow} says between its grid points. Sums of floats depend on their
 * order: every cell adds in the order of the particles, however many threads there are.
 */
final class ParticleMesh {
  /** Below this the quotient of two rounded sums means nothing. */
  private static final float LEAST_MASS = 1e-6f;

  /** What is summed over the particles of a cell; a cell of mean density has mass 1. */
  enum Moment {
    MASS,
    MOMENTUM_X,
    MOMENTUM_Y,
    MOMENTUM_Z,
    /** Mass times the square of the velocity. */
    SQUARE;

    static Moment momentum(int axis) {
      return values()[1 + axis];
    }
  }

  private final int n;
  private final int perAxis;
  private final ParticleFlow flow;
  private final float shift;

  /**
   * @param perAxis particles that start in a cell, along each axis; with 1, voids are left empty
   *     and sampled as badly as a simulation's
   */
  ParticleMesh(int perAxis, ParticleFlow flow) {
    this(perAxis, flow, 0);
  }

  /**
   * @param shift of all particles along each axis, in cells
   */
  ParticleMesh(int perAxis, ParticleFlow flow, float shift) {
    this.n = flow.n();
    this.perAxis = perAxis;
    this.flow = flow;
    this.shift = shift;
  }

  /**
   * Mean velocity of the matter in each cell along an axis (0 = x, 1 = y, 2 = z); where there is no
   * matter, that of the matter that started there.
   *
   * @param moments with {@link Moment#MASS} and the axis's momentum, which becomes the result
   */
  float[] meanVelocity(int axis, Map<Moment, float[]> moments) {
    float[] mass = moments.get(Moment.MASS);
    float[] momentum = moments.get(Moment.momentum(axis));
    float[] start = flow.velocity()[axis];
    for (int i = 0; i < momentum.length; i++) {
      momentum[i] = mass[i] > LEAST_MASS ? momentum[i] / mass[i] : start[i];
    }
    return momentum;
  }

  /**
   * Variance of the velocity along an axis (the mean of the three) within each cell; 0 where all
   * matter moves alike.
   *
   * @param velocity mean velocity along x, y and z
   * @param moments with {@link Moment#MASS} and {@link Moment#SQUARE}, which becomes the result
   */
  float[] dispersion(float[][] velocity, Map<Moment, float[]> moments) {
    float[] mass = moments.get(Moment.MASS);
    float[] square = moments.get(Moment.SQUARE);
    for (int i = 0; i < square.length; i++) {
      float excess = mass[i] > LEAST_MASS ? square[i] / mass[i] - square(velocity, i) : 0;
      square[i] = Math.max(0, excess / 3);
    }
    return square;
  }

  /** The moments of every cell, n³ values each in C order. */
  Map<Moment, float[]> deposit(Set<Moment> moments) {
    ForkJoinPool pool = ForkJoinTask.getPool();
    int threads =
        pool == null ? ForkJoinPool.getCommonPoolParallelism() + 1 : pool.getParallelism();
    return deposit(moments, Math.min(n, threads));
  }

  /**
   * Threads take slabs of the grid and pass by the particles that cannot reach theirs; those near a
   * face are interpolated for both sides, so slabs are few and thick.
   *
   * @param slabs 1 to n; the result does not depend on it
   */
  Map<Moment, float[]> deposit(Set<Moment> moments, int slabs) {
    Map<Moment, float[]> grids = new EnumMap<>(Moment.class);
    for (Moment moment : moments) {
      grids.put(moment, new float[n * n * n]);
    }
    int[][] reach = reach();
    IntStream.range(0, slabs)
        .parallel()
        .forEach(i -> {
          int from = (int) ((long) i * n / slabs);
          int to = (int) ((i + 1L) * n / slabs);
          deposit(grids, from, to, reach);
        });
    return grids;
  }

  private void deposit(Map<Moment, float[]> grids, int from, int to, int[][] reach) {
    Moment[] moments = grids.keySet().toArray(Moment[]::new);
    float[][] sums = grids.values().toArray(float[][]::new);
    float mass = 1f / (perAxis * perAxis * perAxis);
    float[][] displacement = new float[3][n * perAxis];
    boolean moves = !grids.keySet().equals(Set.of(Moment.MASS));
    boolean straight = flow.velocity() == flow.displacement();
    float[][] velocity = straight ? displacement : new float[3][n * perAxis];
    for (int pz = 0; pz < n * perAxis; pz++) {
      if (!meets(reach[pz][0], reach[pz][1], from, to)) {
        continue;
      }
      for (int py = 0; py < n * perAxis; py++) {
        row(flow.displacement(), pz, py, displacement);
        if (moves && !straight) {
          row(flow.velocity(), pz, py, velocity);
        }
        for (int px = 0; px < n * perAxis; px++) {
          float z = start(pz) + shift + displacement[2][px];
          int z0 = (int) Math.floor(z);
          int below = wrap(z0);
          int above = wrap(z0 + 1);
          boolean addBelow = below >= from && below < to;
          boolean addAbove = above >= from && above < to;
          if (!addBelow && !addAbove) {
            continue;
          }
          float x = start(px) + shift + displacement[0][px];
          float y = start(py) + shift + displacement[1][px];
          float tz = z - z0;
          for (int m = 0; m < moments.length; m++) {
            float weight =
                switch (moments[m]) {
                  case MASS -> mass;
                  case MOMENTUM_X -> mass * velocity[0][px];
                  case MOMENTUM_Y -> mass * velocity[1][px];
                  case MOMENTUM_Z -> mass * velocity[2][px];
                  case SQUARE -> mass * square(velocity, px);
                };
            if (addBelow) {
              addPlane(sums[m], below, x, y, weight * (1 - tz));
            }
            if (addAbove) {
              addPlane(sums[m], above, x, y, weight * tz);
            }
          }
        }
      }
    }
  }

  private static float square(float[][] velocity, int i) {
    return velocity[0][i] * velocity[0][i]
        + velocity[1][i] * velocity[1][i]
        + velocity[2][i] * velocity[2][i];
  }

  /**
   * For every plane of particles the first and the last plane of cells that they may touch, not
   * wrapped: displacements are interpolated between two planes of the grid, so they lie between the
   * extremes there. One more cell at each side stands for rounding.
   */
  private int[][] reach() {
    float[] displacement = flow.displacement()[2];
    float[] low = new float[n];
    float[] high = new float[n];
    IntStream.range(0, n)
        .parallel()
        .forEach(plane -> {
          float least = Float.POSITIVE_INFINITY;
          float most = Float.NEGATIVE_INFINITY;
          for (int i = plane * n * n; i < (plane + 1) * n * n; i++) {
            least = Math.min(least, displacement[i]);
            most = Math.max(most, displacement[i]);
          }
          low[plane] = least;
          high[plane] = most;
        });
    int[][] reach = new int[n * perAxis][];
    for (int pz = 0; pz < reach.length; pz++) {
      float at = start(pz);
      int below = wrap((int) Math.floor(at));
      int above = wrap((int) Math.floor(at) + 1);
      reach[pz] =
          new int[] {
            (int) Math.floor(at + shift + Math.min(low[below], low[above])) - 1,
            (int) Math.floor(at + shift + Math.max(high[below], high[above])) + 2
          };
    }
    return reach;
  }

  /** Whether planes first to last (inclusive), wrapped, have one of a slab. */
  private boolean meets(int first, int last, int from, int to) {
    if (last - first + 1 >= n) {
      return true;
    }
    int a = wrap(first);
    int b = wrap(last);
    return a <= b ? a < to && b >= from : a < to || b >= from;
  }

  /** Where a particle starts, in cells; grid values belong to whole numbers. */
  private float start(int particle) {
    return (particle + 0.5f) / perAxis - 0.5f;
  }

  /** The values of a row of particles, trilinear between grid values. */
  private void row(float[][] grid, int pz, int py, float[][] values) {
    if (perAxis == 1) {
      for (int axis = 0; axis < 3; axis++) {
        System.arraycopy(grid[axis], (pz * n + py) * n, values[axis], 0, n);
      }
      return;
    }
    int count = n * perAxis;
    float fz = start(pz);
    float fy = start(py);
    int z0 = (int) Math.floor(fz);
    int y0 = (int) Math.floor(fy);
    for (int axis = 0; axis < 3; axis++) {
      float[] from = grid[axis];
      float[] to = values[axis];
      Arrays.fill(to, 0);
      for (int corner = 0; corner < 4; corner++) {
        int dz = corner >> 1;
        int dy = corner & 1;
        float weight = (1 - Math.abs(fz - z0 - dz)) * (1 - Math.abs(fy - y0 - dy));
        int row = (wrap(z0 + dz) * n + wrap(y0 + dy)) * n;
        for (int px = 0; px < count; px++) {
          float fx = start(px);
          int x0 = (int) Math.floor(fx);
          float t = fx - x0;
          to[px] += weight * ((1 - t) * from[row + wrap(x0)] + t * from[row + wrap(x0 + 1)]);
        }
      }
    }
  }

  private void addPlane(float[] grid, int plane, float x, float y, float weight) {
    int x0 = (int) Math.floor(x);
    int y0 = (int) Math.floor(y);
    float tx = x - x0;
    float ty = y - y0;
    int left = wrap(x0);
    int right = wrap(x0 + 1);
    for (int dy = 0; dy < 2; dy++) {
      float w = weight * (dy == 0 ? 1 - ty : ty);
      int row = (plane * n + wrap(y0 + dy)) * n;
      grid[row + left] += w * (1 - tx);
      grid[row + right] += w * tx;
    }
  }

  private int wrap(int index) {
    return index >= 0 && index < n ? index : Math.floorMod(index, n);
  }
}
