package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * The encoders' divisions by reciprocals, in the kernels' arithmetic: exact for every frequency.
 */
class CudaRansTablesTest {
  private static final int TOTAL = 1 << 16;
  private static final long WORD = 0xFFFFFFFFL;

  // rans_encode.cuh, a step of the compact profile without words
  private static long compactStep(int[] entry, long state) {
    long sum = state * (entry[2] & WORD) + (entry[0] & WORD);
    long quotient = (sum >>> 32) >>> (entry[0] & 31);
    return state + quotient * (entry[3] >>> 16) + (entry[3] & 0xFFFF) & WORD;
  }

  private static long wideStep(int[] entry, long state) {
    long reciprocal = (entry[1] & WORD) << 32 | entry[0] & WORD;
    long quotient = Math.unsignedMultiplyHigh(state, reciprocal) >>> (entry[3] >>> 20 & 31);
    int frequency = (entry[2] + 1) >>> 15;
    return state + (entry[3] & 0xFFFFF) + quotient * (TOTAL - frequency);
  }

  /** States at which a quotient changes, of which the largest one is the last before a word. */
  private static long state(SplittableRandom random, int frequency, long end, int i) {
    long quotients = end / frequency;
    long quotient =
        switch (i / 2) {
          case 0 -> 1;
          case 1 -> quotients;
          default -> 1 + random.nextLong(quotients);
        };
    return Math.min(end - 1, quotient * frequency - i % 2);
  }

  @Test
  void compactStepsAreExact() {
    SplittableRandom random = new SplittableRandom(1);
    int[] entry = new int[4];
    for (int frequency = 1; frequency < TOTAL; frequency++) {
      int start = random.nextInt(TOTAL - frequency + 1) & 0xFFFF;
      CudaRansTables.putCompactEntry(entry, 0, start, frequency);
      long end = (long) frequency << 16;
      assertThat((~entry[3] | 0xFFFF) & WORD).isEqualTo(end - 1); // above it a word is emitted
      for (int i = 0; i < 16; i++) {
        long state = state(random, frequency, end, i);
        assertThat(compactStep(entry, state))
            .as("state %d, frequency %d", state, frequency)
            .isEqualTo(state / frequency * TOTAL + state % frequency + start);
      }
    }
  }

  @Test
  void aCertainIntervalLeavesTheStateAlone() {
    int[] entry = new int[4];
    CudaRansTables.putCompactEntry(entry, 0, 0, TOTAL);
    assertThat((~entry[3] | 0xFFFF) & WORD).isEqualTo(WORD);
    assertThat(compactStep(entry, 0xFFFF_FFFFL)).isEqualTo(0xFFFF_FFFFL);
  }

  @Test
  void compatibleStepsAreExact() {
    SplittableRandom random = new SplittableRandom(2);
    int[] entry = new int[4];
    for (int frequency = 1; frequency <= TOTAL; frequency++) {
      int start = frequency == TOTAL ? 0 : random.nextInt(TOTAL - frequency);
      CudaRansTables.putWideEntry(entry, 0, start, frequency);
      long end = (long) frequency << 47; // 2^63 for the largest: as an unsigned number
      assertThat(entry[2]).isEqualTo((int) ((end >>> 32) - 1));
      for (int i = 0; i < 16; i++) {
        long last = end < 0 ? Long.MAX_VALUE : end;
        long state = Math.max(1L << 31, state(random, frequency, last, i));
        assertThat(wideStep(entry, state))
            .as("state %d, frequency %d", state, frequency)
            .isEqualTo(state / frequency * TOTAL + state % frequency + start);
      }
    }
  }
}
