package dev.tessera.quant;

import static dev.tessera.quant.BlockGeometry.PLACES;

/**
 * The Lorenzo predictor as differences along one axis after the other, in wrapping 32-bit
 * arithmetic; places before a block's edge count as 0. Forward and inverse work on whole blocks in
 * natural order. For one thread at a time.
 */
public final class Lorenzo {
  private final int[] scratch = new int[PLACES];

  /**
   * Residuals of a block.
   *
   * @param values values in natural order; overwritten
   * @return the array that holds the residuals: {@code values} or one of this object
   */
  public int[] forward(BlockGeometry.Mode mode, Predictor predictor, int[] values) {
    int[] from = values;
    int[] to = scratch;
    if (predictor.axes() >= 1) {
      differences(from, to, 1, mode.width());
      int[] done = to;
      to = from;
      from = done;
    }
    if (predictor.axes() >= 2 && mode.height() > 1) {
      differences(from, to, mode.width(), mode.width() * mode.height());
      int[] done = to;
      to = from;
      from = done;
    }
    if (predictor.axes() >= 3 && mode.depth() > 1) {
      differences(from, to, mode.width() * mode.height(), PLACES);
      from = to;
    }
    return from;
  }

  /** Differences of places {@code stride} apart in each stretch of {@code length} places. */
  private static void differences(int[] from, int[] to, int stride, int length) {
    for (int i = stride; i < PLACES; i++) {
      to[i] = from[i] - from[i - stride];
    }
    for (int start = 0; start < PLACES; start += length) {
      for (int i = start; i < start + stride; i++) {
        to[i] = from[i];
      }
    }
  }

  /** Values of a block from its residuals, in place. */
  public void inverse(BlockGeometry.Mode mode, Predictor predictor, int[] values) {
    int row = mode.width();
    int plane = mode.width() * mode.height();
    if (predictor.axes() >= 3 && mode.depth() > 1) {
      for (int i = plane; i < PLACES; i++) {
        values[i] += values[i - plane];
      }
    }
    if (predictor.axes() >= 2 && mode.height() > 1) {
      for (int start = 0; start < PLACES; start += plane) {
        for (int i = start + row; i < start + plane; i++) {
          values[i] += values[i - row];
        }
      }
    }
    if (predictor.axes() >= 1) {
      for (int start = 0; start < PLACES; start += row) {
        int sum = 0;
        for (int i = start; i < start + row; i++) {
          sum += values[i];
          values[i] = sum;
        }
      }
    }
  }
}
