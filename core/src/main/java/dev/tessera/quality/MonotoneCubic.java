package dev.tessera.quality;

/**
 * The piecewise cubic through points that is monotone wherever they are (PCHIP: Fritsch and
 * Butland, SIAM J. Sci. Stat. Comput. 5, 1984; ends by the three-point formula with its limits, as
 * MATLAB and SciPy have it). One point is a constant, two a line.
 */
final class MonotoneCubic {
  private final double[] x;
  private final double[] y;
  private final double[] slope;

  /**
   * @param x places, strictly ascending
   * @param y values there
   */
  MonotoneCubic(double[] x, double[] y) {
    this.x = x.clone();
    this.y = y.clone();
    this.slope = slopes(x, y);
  }

  private static double[] slopes(double[] x, double[] y) {
    int last = x.length - 1;
    double[] slopes = new double[x.length];
    if (last == 0) {
      return slopes;
    }
    double[] step = new double[last];
    double[] secant = new double[last];
    for (int i = 0; i < last; i++) {
      step[i] = x[i + 1] - x[i];
      secant[i] = (y[i + 1] - y[i]) / step[i];
    }
    if (last == 1) {
      return new double[] {secant[0], secant[0]};
    }
    for (int i = 1; i < last; i++) {
      if (secant[i - 1] * secant[i] > 0) {
        double left = step[i - 1] + 2 * step[i];
        double right = 2 * step[i - 1] + step[i];
        slopes[i] = (left + right) / (left / secant[i - 1] + right / secant[i]);
      }
    }
    slopes[0] = end(step[0], step[1], secant[0], secant[1]);
    slopes[last] = end(step[last - 1], step[last - 2], secant[last - 1], secant[last - 2]);
    return slopes;
  }

  /** The slope at an end, which neither turns around nor overshoots. */
  private static double end(double step, double next, double secant, double nextSecant) {
    double slope = ((2 * step + next) * secant - step * nextSecant) / (step + next);
    if (Math.signum(slope) != Math.signum(secant)) {
      return 0;
    }
    boolean turns = Math.signum(secant) != Math.signum(nextSecant);
    return turns && Math.abs(slope) > Math.abs(3 * secant) ? 3 * secant : slope;
  }

  /**
   * Mean over {@code from … to}, both within the points; the value there if they are equal.
   *
   * @param from not above {@code to}
   */
  double mean(double from, double to) {
    if (from == to) {
      return value(from);
    }
    double integral = 0;
    for (int i = 0; i + 1 < x.length; i++) {
      double low = Math.max(from, x[i]);
      double high = Math.min(to, x[i + 1]);
      if (low < high) {
        // Simpson's rule is exact for cubics
        integral += (high - low) / 6 * (value(low) + 4 * value((low + high) / 2) + value(high));
      }
    }
    return integral / (to - from);
  }

  /** The value at a place within the points. */
  double value(double at) {
    int i = 0;
    while (i + 2 < x.length && at > x[i + 1]) {
      i++;
    }
    if (x.length == 1) {
      return y[0];
    }
    double step = x[i + 1] - x[i];
    double t = (at - x[i]) / step;
    double u = 1 - t;
    return u * u * ((1 + 2 * t) * y[i] + t * step * slope[i])
        + t * t * ((3 - 2 * t) * y[i + 1] - u * step * slope[i + 1]);
  }
}
