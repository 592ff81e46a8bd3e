package dev.tessera.pipeline;

import dev.tessera.entropy.FrequencyTable;
import java.util.Arrays;

/** Counts residuals by class. For one thread at a time. */
final class ResidualHistograms {
  private static final int BINS = FrequencyTable.MAX_SYMBOLS;

  /** The bin of everything outside of a table. */
  private static final int OUTSIDE = BINS;

  /** Neighbours go to different counters: equal ones would wait for each other. */
  private static final int LANES = 2;

  private final int[][][] counts;

  ResidualHistograms(int classes) {
    counts = new int[classes][][];
  }

  void clear() {
    for (int[][] lanes : counts) {
      if (lanes != null) {
        for (int[] lane : lanes) {
          Arrays.fill(lane, 0);
        }
      }
    }
  }

  void add(int residualClass, int[] symbols, int from, int count) {
    if (counts[residualClass] == null) {
      counts[residualClass] = new int[LANES][BINS + 1];
    }
    int[] even = counts[residualClass][0];
    int[] odd = counts[residualClass][1];
    for (int i = from; i < from + count; i += 2) {
      even[bin(symbols[i])]++;
      odd[bin(symbols[i + 1])]++;
    }
  }

  private static int bin(int symbol) {
    int bin = symbol - FrequencyTable.LEAST_SYMBOL;
    return Integer.compareUnsigned(bin, BINS) < 0 ? bin : OUTSIDE;
  }

  /** The table of a class; null where nothing was counted. */
  FrequencyTable table(int residualClass) {
    int[][] lanes = counts[residualClass];
    if (lanes == null) {
      return null;
    }
    long[] sums = new long[BINS];
    long outside = 0;
    long total = 0;
    for (int[] lane : lanes) {
      for (int i = 0; i < BINS; i++) {
        sums[i] += lane[i];
        total += lane[i];
      }
      outside += lane[OUTSIDE];
    }
    return total + outside == 0 ? null : FrequencyTable.of(sums, outside);
  }
}
