package dev.tessera.entropy;

import java.util.Arrays;
import java.util.Random;

/** Tables and symbols on which the coders of both profiles are tested. */
final class RansSamples {
  /**
   * Tables from steep to flat, among them one without values, one with a single value, ones with
   * counts of 1, and one without a zero.
   */
  static final CdfTables TABLES =
      new CdfTables(
          new int[][] {
            {0, 65536},
            {0, 65535, 65536},
            {0, 1, 65536},
            {0, 1, 2, 65000, 65530, 65531, 65536},
            {0, 8192, 16384, 24576, 32768, 40960, 49152, 57344, 65535, 65536},
            {0, 30, 64000, 65000, 65536},
          },
          new int[] {0, 0, 5, -2, -4, -1});

  private RansSamples() {}

  /** Extremes, zero, numbers around those of digits, and both sides of every table's range. */
  static int[] everyKindOfInt() {
    return new int[] {
      Integer.MIN_VALUE,
      Integer.MAX_VALUE,
      Integer.MIN_VALUE + 1,
      Integer.MAX_VALUE - 1,
      0,
      -1,
      1,
      1 << 30,
      -(1 << 30),
      (1 << 30) + 7,
      -(1 << 30) - 7,
      15,
      16,
      17,
      -15,
      -16,
      -17,
      255,
      256,
      5,
      6,
      4,
      -2,
      -3,
      2,
      3,
      7,
      8,
      -4,
      -5,
      Integer.MIN_VALUE,
      Integer.MAX_VALUE
    };
  }

  /** Symbols outside every table, half of them as far as can be. */
  static int[] outOfRange(int count) {
    int[] symbols = new Random(count).ints(count).toArray();
    Arrays.setAll(symbols, i -> i % 2 == 0 ? Integer.MIN_VALUE : symbols[i]);
    return symbols;
  }

  /** The same table for every symbol. */
  static int[] indexes(int count, int table) {
    int[] indexes = new int[count];
    Arrays.fill(indexes, table);
    return indexes;
  }
}
