package dev.tessera.cuda.network;

/**
 * A matrix of float16 as edge_parameters.cuh wants its operands: blocks of 8 × 8, and for fp32 two
 * matrices, the rounded values and what rounding left.
 *
 * @param halves as they stand in memory
 * @param scale power of two that the values were multiplied by
 */
record HalfMatrix(short[] halves, float scale) {
  private static final int BLOCK = 8;

  /** What magnitudes of raised matrices stay below, as a power of two. */
  static final int RAISED = 14;

  private static final float LARGEST = 65504;

  /**
   * Packs a matrix.
   *
   * @param values row by row; rows and columns are multiples of 8
   * @param raise whether to multiply so that the largest magnitude is in [2^13, 2^14)
   * @param split whether what rounding leaves follows as a second matrix
   */
  static HalfMatrix of(float[] values, int columns, boolean raise, boolean split) {
    float scale = raise ? PowersOfTwo.raising(values, RAISED) : 1;
    short[] halves = new short[split ? 2 * values.length : values.length];
    for (int i = 0; i < values.length; i++) {
      int row = i / columns;
      int column = i % columns;
      int block = row / BLOCK * (columns / BLOCK) + column / BLOCK;
      int at = (block * BLOCK + row % BLOCK) * BLOCK + column % BLOCK;
      float scaled = values[i] * scale;
      halves[at] = half(scaled);
      if (split) {
        halves[values.length + at] = half(scaled - Float.float16ToFloat(halves[at]));
      }
    }
    return new HalfMatrix(halves, scale);
  }

  /** The nearest float16; the largest one for what is beyond. */
  static short half(float value) {
    return Float.floatToFloat16(Math.clamp(value, -LARGEST, LARGEST));
  }
}
