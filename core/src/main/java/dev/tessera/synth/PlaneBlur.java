package dev.tessera.synth;

/** Convolution of each plane with a Gaussian, edges repeated: the blur of an optical system. */
final class PlaneBlur {
  private static final double REACH = 3.5;

  private PlaneBlur() {}

  /** In place; the radius is in cells, and 0 changes nothing. */
  static void blur(Grid grid, float[] values, double radius) {
    if (radius == 0) {
      return;
    }
    double[] kernel = kernel(radius);
    for (int z = 0; z < grid.depth(); z++) {
      for (int y = 0; y < grid.height(); y++) {
        line(values, grid.index(z, y, 0), 1, grid.width(), kernel);
      }
      for (int x = 0; x < grid.width(); x++) {
        line(values, grid.index(z, 0, x), grid.width(), grid.height(), kernel);
      }
    }
  }

  private static double[] kernel(double radius) {
    double[] kernel = new double[(int) Math.ceil(REACH * radius) + 1];
    double sum = 0;
    for (int i = 0; i < kernel.length; i++) {
      kernel[i] = StrictMath.exp(-0.5 * i * i / (radius * radius));
      sum += i == 0 ? kernel[i] : 2 * kernel[i];
    }
    for (int i = 0; i < kernel.length; i++) {
      kernel[i] /= sum;
    }
    return kernel;
  }

  private static void line(float[] values, int start, int step, int count, double[] kernel) {
    int reach = kernel.length - 1;
    double[] line = new double[count + 2 * reach];
    for (int i = 0; i < line.length; i++) {
      line[i] = values[start + step * Math.clamp(i - reach, 0, count - 1)];
    }
    for (int i = 0; i < count; i++) {
      double sum = kernel[0] * line[i + reach];
      for (int d = 1; d <= reach; d++) {
        sum += kernel[d] * (line[i + reach + d] + line[i + reach - d]);
      }
      values[start + step * i] = (float) sum;
    }
  }
}
