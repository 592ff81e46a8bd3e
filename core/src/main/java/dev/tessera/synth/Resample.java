package dev.tessera.synth;

import java.util.stream.IntStream;

/** Values of periodic fields between their grid points. */
final class Resample {
  private Resample() {}

  /**
   * A field whose value at a cell is that of {@code field} at the cell moved by {@code shifts}
   * (along z, y and x, in cells; null for none) times {@code factor}, trilinear.
   */
  static float[] warp(Grid grid, float[] field, float[][] shifts, double factor) {
    float[] result = new float[grid.cells()];
    IntStream.range(0, grid.depth())
        .parallel()
        .forEach(z -> {
          for (int y = 0; y < grid.height(); y++) {
            for (int x = 0; x < grid.width(); x++) {
              int i = grid.index(z, y, x);
              double pz = shifts[0] == null ? z : z + factor * shifts[0][i];
              double py = y + factor * shifts[1][i];
              double px = x + factor * shifts[2][i];
              result[i] = (float) linear(grid, field, pz, py, px);
            }
          }
        });
    return result;
  }

  private static double linear(Grid grid, float[] field, double pz, double py, double px) {
    int z0 = (int) Math.floor(pz);
    double tz = pz - z0;
    double below = linear(grid, field, Math.floorMod(z0, grid.depth()), py, px);
    return tz == 0
        ? below
        : below + tz * (linear(grid, field, Math.floorMod(z0 + 1, grid.depth()), py, px) - below);
  }

  private static double linear(Grid grid, float[] field, int z, double py, double px) {
    int y0 = (int) Math.floor(py);
    int x0 = (int) Math.floor(px);
    double ty = py - y0;
    double tx = px - x0;
    int left = Math.floorMod(x0, grid.width());
    int right = Math.floorMod(x0 + 1, grid.width());
    int near = grid.index(z, Math.floorMod(y0, grid.height()), 0);
    int far = grid.index(z, Math.floorMod(y0 + 1, grid.height()), 0);
    double a = field[near + left] + tx * (field[near + right] - field[near + left]);
    double b = field[far + left] + tx * (field[far + right] - field[far + left]);
    return a + ty * (b - a);
  }

  /** The value of a plane at a point, by the cubic convolution of Catmull and Rom. */
  static double cubic(Grid plane, float[] field, double py, double px) {
    int y0 = (int) Math.floor(py);
    int x0 = (int) Math.floor(px);
    double tx = px - x0;
    int[] columns = new int[4];
    for (int j = 0; j < 4; j++) {
      columns[j] = Math.floorMod(x0 - 1 + j, plane.width());
    }
    double[] rows = new double[4];
    for (int i = 0; i < 4; i++) {
      int row = Math.floorMod(y0 - 1 + i, plane.height()) * plane.width();
      rows[i] =
          catmullRom(
              field[row + columns[0]],
              field[row + columns[1]],
              field[row + columns[2]],
              field[row + columns[3]],
              tx);
    }
    return catmullRom(rows[0], rows[1], rows[2], rows[3], py - y0);
  }

  private static double catmullRom(double a, double b, double c, double d, double t) {
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  }
}
