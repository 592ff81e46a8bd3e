package dev.tessera.codec;

/**
 * Stand-ins for values that are stored elsewhere, so smooth that they cost the transform little.
 */
public final class Inpainting {
  private Inpainting() {}

  /**
   * Replaces missing values: within a row by the line between the nearest present ones, whole
   * missing rows by the line between the nearest filled rows. A plane without any value becomes 0.
   *
   * @param plane {@code rows × cols} values, changed in place
   * @param missing which of them are missing
   */
  public static void fill(float[] plane, boolean[] missing, int rows, int cols) {
    int lastRow = -1;
    for (int r = 0; r < rows; r++) {
      if (!fillLine(plane, missing, r * cols, cols)) {
        continue;
      }
      for (int gap = lastRow + 1; gap < r; gap++) {
        for (int i = 0; i < cols; i++) {
          float below = plane[r * cols + i];
          float above = lastRow < 0 ? below : plane[lastRow * cols + i];
          plane[gap * cols + i] = above + (below - above) * (gap - lastRow) / (r - lastRow);
        }
      }
      lastRow = r;
    }
    for (int r = lastRow + 1; r < rows; r++) {
      for (int i = 0; i < cols; i++) {
        plane[r * cols + i] = lastRow < 0 ? 0 : plane[lastRow * cols + i];
      }
    }
  }

  /** Fills the gaps of one row; false if it has no value at all. */
  private static boolean fillLine(float[] plane, boolean[] missing, int from, int cols) {
    int last = -1;
    for (int i = 0; i < cols; i++) {
      if (missing[from + i]) {
        continue;
      }
      for (int gap = last + 1; gap < i; gap++) {
        float right = plane[from + i];
        float left = last < 0 ? right : plane[from + last];
        plane[from + gap] = left + (right - left) * (gap - last) / (i - last);
      }
      last = i;
    }
    if (last < 0) {
      return false;
    }
    for (int i = last + 1; i < cols; i++) {
      plane[from + i] = plane[from + last];
    }
    return true;
  }
}
