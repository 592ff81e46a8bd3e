package dev.tessera.synth;

import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;

/**
 * Moves particles by the Zel'dovich approximation (Zel'dovich, A&amp;A 5, 1970) and assigns them to
 * a periodic grid by the cloud-in-cell rule (Hockney and Eastwood, "Computer Simulation Using
 * Particles", 1988). Two particles per axis start in each cell, so that voids stay sampled. Sums of
 * floats depend on their order: every cell adds in the order of the particles, however many threads
 * there are.
 */
final class ParticleMesh {
  private static final int PER_AXIS = 2;

  /** Below this the quotient of two rounded sums means nothing. */
  private static final float LEAST_MASS = 1e-6f;

  private final int n;
  private final float[] xy;
  private final float[] z;

  /**
   * @param xy displacements along x and y in cells, interleaved
   * @param z displacement along z in cells in every other element
   */
  ParticleMesh(int n, float[] xy, float[] z) {
    this.n = n;
    this.xy = xy;
    this.z = z;
  }

  /** Density with mean 1. */
  float[] density() {
    return deposit(-1);
  }

  /**
   * Mean displacement of the matter in each cell along an axis (0 = x, 1 = y, 2 = z), in cells;
   * where there is no matter, that of the matter that started there.
   */
  float[] meanDisplacement(int axis) {
    float[] momentum = deposit(axis);
    float[] density = deposit(-1);
    float[] start = axis == 2 ? z : xy;
    for (int i = 0; i < momentum.length; i++) {
      momentum[i] =
          density[i] > LEAST_MASS ? momentum[i] / density[i] : start[2 * i + (axis == 1 ? 1 : 0)];
    }
    return momentum;
  }

  private float[] deposit(int axis) {
    return deposit(axis, Math.min(n, ForkJoinPool.getCommonPoolParallelism() + 1));
  }

  /**
   * Mass or momentum of every cell. Threads take slabs of the grid and pass by the particles that
   * cannot reach theirs; those near a face are interpolated for both sides, so slabs are few and
   * thick.
   *
   * @param axis of the momentum, negative for the mass
   * @param slabs 1 to n; the result does not depend on it
   */
  float[] deposit(int axis, int slabs) {
    float[] grid = new float[n * n * n];
    int[][] reach = reach();
    IntStream.range(0, slabs)
        .parallel()
        .forEach(i -> {
          int from = (int) ((long) i * n / slabs);
          int to = (int) ((i + 1L) * n / slabs);
          deposit(axis, grid, from, to, reach);
        });
    return grid;
  }

  private void deposit(int axis, float[] grid, int from, int to, int[][] reach) {
    float mass = 1f / (PER_AXIS * PER_AXIS * PER_AXIS);
    float[][] displacement = new float[3][n * PER_AXIS];
    for (int pz = 0; pz < n * PER_AXIS; pz++) {
      if (!meets(reach[pz][0], reach[pz][1], from, to)) {
        continue;
      }
      for (int py = 0; py < n * PER_AXIS; py++) {
        interpolateRow(pz, py, displacement);
        for (int px = 0; px < n * PER_AXIS; px++) {
          float z = start(pz) + displacement[2][px];
          int z0 = (int) Math.floor(z);
          int below = wrap(z0);
          int above = wrap(z0 + 1);
          if (outside(below, from, to) && outside(above, from, to)) {
            continue;
          }
          float weight = axis < 0 ? mass : mass * displacement[axis][px];
          float x = start(px) + displacement[0][px];
          float y = start(py) + displacement[1][px];
          float tz = z - z0;
          if (!outside(below, from, to)) {
            addPlane(grid, below, x, y, weight * (1 - tz));
          }
          if (!outside(above, from, to)) {
            addPlane(grid, above, x, y, weight * tz);
          }
        }
      }
    }
  }

  /**
   * For every plane of particles the first and the last plane of cells that they may touch, not
   * wrapped: displacements are interpolated between two planes of the grid, so they lie between the
   * extremes there. One more cell at each side stands for rounding.
   */
  private int[][] reach() {
    float[] low = new float[n];
    float[] high = new float[n];
    IntStream.range(0, n)
        .parallel()
        .forEach(plane -> {
          float least = Float.POSITIVE_INFINITY;
          float most = Float.NEGATIVE_INFINITY;
          for (int i = plane * n * n; i < (plane + 1) * n * n; i++) {
            least = Math.min(least, z[2 * i]);
            most = Math.max(most, z[2 * i]);
          }
          low[plane] = least;
          high[plane] = most;
        });
    int[][] reach = new int[n * PER_AXIS][];
    for (int pz = 0; pz < reach.length; pz++) {
      float at = start(pz);
      int below = wrap((int) Math.floor(at));
      int above = wrap((int) Math.floor(at) + 1);
      reach[pz] =
          new int[] {
            (int) Math.floor(at + Math.min(low[below], low[above])) - 1,
            (int) Math.floor(at + Math.max(high[below], high[above])) + 2
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

  private static boolean outside(int plane, int from, int to) {
    return plane < from || plane >= to;
  }

  /** Where a particle starts, in cells; grid values belong to whole numbers. */
  private static float start(int particle) {
    return (particle + 0.5f) / PER_AXIS - 0.5f;
  }

  /** Displacements of a row of particles, trilinear between grid values. */
  private void interpolateRow(int pz, int py, float[][] displacement) {
    int count = n * PER_AXIS;
    Arrays.fill(displacement[0], 0);
    Arrays.fill(displacement[1], 0);
    Arrays.fill(displacement[2], 0);
    float fz = start(pz);
    float fy = start(py);
    int z0 = (int) Math.floor(fz);
    int y0 = (int) Math.floor(fy);
    for (int corner = 0; corner < 4; corner++) {
      int dz = corner >> 1;
      int dy = corner & 1;
      float weight = (1 - Math.abs(fz - z0 - dz)) * (1 - Math.abs(fy - y0 - dy));
      int row = (wrap(z0 + dz) * n + wrap(y0 + dy)) * n;
      for (int px = 0; px < count; px++) {
        float fx = start(px);
        int x0 = (int) Math.floor(fx);
        float t = fx - x0;
        int left = row + wrap(x0);
        int right = row + wrap(x0 + 1);
        displacement[0][px] += weight * ((1 - t) * xy[2 * left] + t * xy[2 * right]);
        displacement[1][px] += weight * ((1 - t) * xy[2 * left + 1] + t * xy[2 * right + 1]);
        displacement[2][px] += weight * ((1 - t) * z[2 * left] + t * z[2 * right]);
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

  /**
   * A copy smoothed by a Gaussian of the given radius in cells, periodic; positive stays positive
   * and the mean is kept.
   */
  static float[] smooth(float[] grid, int n, double radius) {
    int reach = (int) Math.ceil(3 * radius);
    float[] kernel = new float[reach + 1];
    double sum = 0;
    for (int i = 0; i <= reach; i++) {
      double weight = StrictMath.exp(-0.5 * i * i / (radius * radius));
      kernel[i] = (float) weight;
      sum += i == 0 ? weight : 2 * weight;
    }
    for (int i = 0; i <= reach; i++) {
      kernel[i] /= (float) sum;
    }
    float[] along = smoothAxis(grid, n, 1, kernel);
    along = smoothAxis(along, n, n, kernel);
    return smoothAxis(along, n, n * n, kernel);
  }

  private static float[] smoothAxis(float[] grid, int n, int stride, float[] kernel) {
    float[] result = new float[grid.length];
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int i = z * n * n; i < (z + 1) * n * n; i++) {
            int position = i / stride % n;
            int base = i - position * stride;
            float sum = kernel[0] * grid[i];
            for (int d = 1; d < kernel.length; d++) {
              int up = position + d < n ? position + d : (position + d) % n;
              int down = position - d >= 0 ? position - d : Math.floorMod(position - d, n);
              sum += kernel[d] * (grid[base + up * stride] + grid[base + down * stride]);
            }
            result[i] = sum;
          }
        });
    return result;
  }
}
