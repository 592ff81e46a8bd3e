package dev.tessera.report;

/**
 * Colours for numbers from 0 to 1: control points in CIE L*a*b* (D65), joined by straight lines, so
 * that equal steps of the number are about equal steps to the eye.
 */
public enum ColourMap {
  /**
   * Lightness rises all the way, from deep blue over green to pale yellow; also reads well in grey.
   */
  SEQUENTIAL(
      new double[][] {
        {8, 14, -26}, {26, 20, -44}, {44, -10, -26}, {62, -34, 4}, {80, -26, 50}, {97, -6, 34},
      }),

  /** Blue below, near white at one half, red above; equally dark at both ends. */
  DIVERGING(
      new double[][] {
        {30, 14, -46}, {62, -6, -30}, {96, 0, 0}, {62, 36, 28}, {30, 48, 30},
      });

  /** Where there is no number. */
  public static final int NOT_A_NUMBER = 0x8c8c8c;

  private static final int STEPS = 1024;

  private final int[] table = new int[STEPS + 1];

  ColourMap(double[][] points) {
    for (int i = 0; i <= STEPS; i++) {
      double position = (double) i / STEPS * (points.length - 1);
      int left = Math.min((int) position, points.length - 2);
      double t = position - left;
      double[] lab = new double[3];
      for (int c = 0; c < 3; c++) {
        lab[c] = (1 - t) * points[left][c] + t * points[left + 1][c];
      }
      table[i] = rgb(lab);
    }
  }

  /**
   * The sRGB colour, as 0xRRGGBB, of a number that is clamped to 0 to 1; {@link #NOT_A_NUMBER} for
   * NaN.
   */
  public int colour(double number) {
    if (Double.isNaN(number)) {
      return NOT_A_NUMBER;
    }
    return table[(int) Math.rint(Math.clamp(number, 0.0, 1.0) * STEPS)];
  }

  private static int rgb(double[] lab) {
    double fy = (lab[0] + 16) / 116;
    double x = 0.95047 * fromLab(fy + lab[1] / 500);
    double y = fromLab(fy);
    double z = 1.08883 * fromLab(fy - lab[2] / 200);
    int red = channel(3.2406 * x - 1.5372 * y - 0.4986 * z);
    int green = channel(-0.9689 * x + 1.8758 * y + 0.0415 * z);
    int blue = channel(0.0557 * x - 0.2040 * y + 1.0570 * z);
    return red << 16 | green << 8 | blue;
  }

  private static double fromLab(double f) {
    return f > 6.0 / 29 ? f * f * f : 3 * (6.0 / 29) * (6.0 / 29) * (f - 4.0 / 29);
  }

  /** Gamma of sRGB (IEC 61966-2-1). */
  private static int channel(double linear) {
    double c = Math.clamp(linear, 0.0, 1.0);
    double encoded = c <= 0.0031308 ? 12.92 * c : 1.055 * Math.pow(c, 1 / 2.4) - 0.055;
    return (int) Math.rint(255 * encoded);
  }
}
