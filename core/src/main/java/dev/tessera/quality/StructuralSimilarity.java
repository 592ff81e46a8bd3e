package dev.tessera.quality;

/**
 * Structural similarity of restored slices (SSIM: Wang, Bovik, Sheikh and Simoncelli, IEEE
 * Transactions on Image Processing 13, 2004) and its multi-scale form (MS-SSIM: Wang, Simoncelli
 * and Bovik, Asilomar 2003): Gaussian window of 11×11 with σ = 1.5, K₁ = 0.01, K₂ = 0.03, windows
 * that lie wholly in the slice.
 *
 * <p>Values are first brought to 0 … 1 by the range of the whole field, as Baker et al. (IEEE TVCG
 * 29, 2023) do for floating-point fields: the measure compares brightness, which means nothing for
 * values around zero or far from it. Where data are missing, a window is the weighted mean of what
 * it holds, and windows around a missing value do not count.
 */
public final class StructuralSimilarity {
  /** Side of the window; smaller slices have no similarity. */
  public static final int WINDOW = 11;

  private static final double SIGMA = 1.5;
  private static final double C1 = 0.01 * 0.01;
  private static final double C2 = 0.03 * 0.03;

  /** Exponents of the scales, finest first. */
  private static final double[] EXPONENTS = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

  /** Sides below this leave no window at the coarsest scale. */
  private static final int MULTI_SCALE_SIDE = WINDOW << (EXPONENTS.length - 1);

  private static final double[] KERNEL = kernel();

  private final int height;
  private final int width;
  private final double min;
  private final double scale;
  private double similarity;
  private long windows;
  private double multiScale;
  private long multiScaleSlices;

  /** Sums of what windows found: similarity, and its part without brightness. */
  private record Sums(double similarity, double structure, long windows) {}

  /**
   * For slices of one field.
   *
   * @param min least value of the field
   * @param max greatest value of the field
   */
  public StructuralSimilarity(int height, int width, double min, double max) {
    this.height = height;
    this.width = width;
    this.min = min;
    // of a constant field every difference counts
    this.scale = max > min ? 1 / (max - min) : 1;
  }

  private static double[] kernel() {
    double[] kernel = new double[WINDOW];
    double sum = 0;
    for (int i = 0; i < WINDOW; i++) {
      double distance = i - WINDOW / 2;
      kernel[i] = Math.exp(-distance * distance / (2 * SIGMA * SIGMA));
      sum += kernel[i];
    }
    for (int i = 0; i < WINDOW; i++) {
      kernel[i] /= sum;
    }
    return kernel;
  }

  /**
   * Compares a slice.
   *
   * @param original height × width values in rows; NaN where there is none
   * @param restored what came back
   */
  public void add(double[] original, double[] restored) {
    double[] x = scaled(original, original);
    double[] y = scaled(restored, original);
    Sums finest = compare(x, y, height, width);
    similarity += finest.similarity;
    windows += finest.windows;
    if (Math.min(height, width) >= MULTI_SCALE_SIDE) {
      double product = multiScale(x, y, finest);
      if (!Double.isNaN(product)) {
        multiScale += product;
        multiScaleSlices++;
      }
    }
  }

  /** Mean over all windows of all slices; NaN where there is none. */
  public double ssim() {
    return similarity / windows;
  }

  /** Mean over all slices; NaN where slices have sides below 176 or no data. */
  public double multiScale() {
    return multiScale / multiScaleSlices;
  }

  private double[] scaled(double[] values, double[] original) {
    double[] scaled = new double[height * width];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = Double.isNaN(original[i]) ? Double.NaN : (values[i] - min) * scale;
    }
    return scaled;
  }

  private double multiScale(double[] finestX, double[] finestY, Sums finest) {
    double[] x = finestX;
    double[] y = finestY;
    int rows = height;
    int columns = width;
    Sums sums = finest;
    double product = 1;
    for (int level = 0; ; level++) {
      boolean coarsest = level == EXPONENTS.length - 1;
      double mean = (coarsest ? sums.similarity : sums.structure) / sums.windows;
      // anticorrelated structure has no power; NaN, where there are no data, stays
      product *= Math.pow(mean < 0 ? 0 : mean, EXPONENTS[level]);
      if (coarsest) {
        return product;
      }
      double[] mask = x;
      y = halved(y, mask, rows, columns);
      x = halved(x, mask, rows, columns);
      rows /= 2;
      columns /= 2;
      sums = compare(x, y, rows, columns);
    }
  }

  /** Means of 2×2 values, of those that {@code mask} has. */
  private static double[] halved(double[] values, double[] mask, int rows, int columns) {
    double[] half = new double[rows / 2 * (columns / 2)];
    for (int row = 0, to = 0; row + 1 < rows; row += 2) {
      for (int column = 0; column + 1 < columns; column += 2, to++) {
        double sum = 0;
        int count = 0;
        for (int i = 0; i < 4; i++) {
          int at = (row + i / 2) * columns + column + i % 2;
          if (!Double.isNaN(mask[at])) {
            sum += values[at];
            count++;
          }
        }
        half[to] = count == 0 ? Double.NaN : sum / count;
      }
    }
    return half;
  }

  /** All windows; the Gaussian is applied to columns, then along the row of what that gives. */
  private static Sums compare(double[] x, double[] y, int rows, int columns) {
    double sumSimilarity = 0;
    double sumStructure = 0;
    long count = 0;
    Moments[] across = new Moments[columns];
    for (int c = 0; c < columns; c++) {
      across[c] = new Moments();
    }
    Moments window = new Moments();
    for (int row = 0; row + WINDOW <= rows; row++) {
      for (int c = 0; c < columns; c++) {
        across[c].clear();
        for (int i = 0; i < WINDOW; i++) {
          int at = (row + i) * columns + c;
          across[c].add(KERNEL[i], x[at], y[at]);
        }
      }
      for (int c = 0; c + WINDOW <= columns; c++) {
        int centre = (row + WINDOW / 2) * columns + c + WINDOW / 2;
        if (Double.isNaN(x[centre])) {
          continue;
        }
        window.clear();
        for (int i = 0; i < WINDOW; i++) {
          window.add(KERNEL[i], across[c + i]);
        }
        double structure = window.structure();
        double value = structure * window.brightness();
        // a window that holds a value which came back as no number is like nothing
        sumSimilarity += Double.isFinite(value) ? value : 0;
        sumStructure += Double.isFinite(structure) ? structure : 0;
        count++;
      }
    }
    return new Sums(sumSimilarity, sumStructure, count);
  }

  /** Weighted sums over a part of a window. */
  private static final class Moments {
    double weight;
    double x;
    double y;
    double xx;
    double yy;
    double xy;

    void clear() {
      weight = x = y = xx = yy = xy = 0;
    }

    void add(double w, double valueX, double valueY) {
      if (!Double.isNaN(valueX)) {
        weight += w;
        x += w * valueX;
        y += w * valueY;
        xx += w * valueX * valueX;
        yy += w * valueY * valueY;
        xy += w * valueX * valueY;
      }
    }

    void add(double w, Moments other) {
      weight += w * other.weight;
      x += w * other.x;
      y += w * other.y;
      xx += w * other.xx;
      yy += w * other.yy;
      xy += w * other.xy;
    }

    double brightness() {
      double meanX = x / weight;
      double meanY = y / weight;
      return (2 * meanX * meanY + C1) / (meanX * meanX + meanY * meanY + C1);
    }

    double structure() {
      double meanX = x / weight;
      double meanY = y / weight;
      double varianceX = Math.max(0, xx / weight - meanX * meanX);
      double varianceY = Math.max(0, yy / weight - meanY * meanY);
      double covariance = xy / weight - meanX * meanY;
      return (2 * covariance + C2) / (varianceX + varianceY + C2);
    }
  }
}
