package dev.tessera.entropy;

/**
 * A 32-bit check of a tile's symbols that does not depend on the order of summation, so that a GPU
 * computes it in parallel, and to which zeros contribute nothing, so that zero channels are
 * skipped: {@code Σ fmix32(s · 0x9E3779B1 + i · 0x85EBCA77 + 0x165667B1)} modulo 2^32 over the
 * symbols {@code s ≠ 0} at positions {@code i}, with the finalizer of MurmurHash3.
 */
public final class SymbolCheck {
  private static final int SYMBOL_FACTOR = 0x9E3779B1;
  private static final int POSITION_FACTOR = 0x85EBCA77;
  private static final int BIAS = 0x165667B1;

  private SymbolCheck() {}

  /**
   * The check of a run of symbols. Checks of disjoint runs of a tile add up to the check of the
   * tile.
   *
   * @param symbols array that holds the run
   * @param from index of the run's first symbol in the array
   * @param count symbols of the run
   * @param firstPosition position of the run's first symbol in its tile
   */
  public static int of(int[] symbols, int from, int count, int firstPosition) {
    int sum = 0;
    int position = firstPosition * POSITION_FACTOR + BIAS;
    for (int i = from; i < from + count; i++) {
      int symbol = symbols[i];
      int term = mix(symbol * SYMBOL_FACTOR + position);
      sum += symbol == 0 ? 0 : term;
      position += POSITION_FACTOR;
    }
    return sum;
  }

  /** A check folded to the 16 bits that a container stores per tile. */
  public static short fold(int check) {
    return (short) (check ^ check >>> 16);
  }

  private static int mix(int value) {
    int h = value;
    h = (h ^ h >>> 16) * 0x85EBCA6B;
    h = (h ^ h >>> 13) * 0xC2B2AE35;
    return h ^ h >>> 16;
  }
}
