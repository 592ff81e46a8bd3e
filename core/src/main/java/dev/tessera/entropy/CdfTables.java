package dev.tessera.entropy;

import dev.tessera.field.TesseraException;
import java.util.Arrays;

/**
 * An immutable set of integer CDF tables at 16 bits, with everything that makes coding with them
 * fast worked out once.
 *
 * <p>Table {@code t} has {@code length(t)} entries {@code 0 = c[0] < c[1] < … < c[length - 1] =
 * 65536}. Symbol {@code offset(t) + s} owns the interval {@code [c[s], c[s + 1])} for {@code 0 <= s
 * < length(t) - 2}; the last interval, {@code s = length(t) - 2}, announces a value that the table
 * does not hold (see {@link Rans}). A table of two entries holds no value at all.
 */
public final class CdfTables {
  /** Bits of the coder's probabilities. */
  public static final int PRECISION = 16;

  private static final int TOTAL = 1 << PRECISION;
  private static final int MAX_TABLES = 1 << 14;
  private static final long MAX_ENTRIES = 1L << 26;

  private static final int BUCKET_BITS = 8;

  /** Frequency from which a branch on the most frequent symbol beats a look-up. */
  private static final int SKEWED = TOTAL / 8 * 7;

  private final int[] cdf;
  private final int[] cdfStart;

  /** Per table, the symbol of its first interval. */
  final int[] offsets;

  /**
   * Per table, the value {@code symbol − offset} that announces a symbol outside the table: the
   * last interval.
   */
  final int[] escapes;

  /**
   * Index in {@link #reciprocals}, {@link #steps} and {@link #intervals} of each table's symbol 0;
   * one more at the end.
   */
  final int[] firstInterval;

  /**
   * Per interval, the multiplier that divides the state by its frequency: the quotient is {@code
   * (state · reciprocal >>> 64) >>> shift} with the unsigned product, exact for every state below
   * {@code frequency · 2^47}.
   */
  final long[] reciprocals;

  /**
   * Per interval, what the encoder adds: bits 0–5 the shift, bits 16–31 {@code 65536 − frequency},
   * from bit 32 the bias, which is the interval's start except where the frequency is 1: there the
   * reciprocal gives {@code state − 1} and the bias makes up.
   */
  final long[] steps;

  /**
   * Per interval, what the decoder needs: bits 0–15 the symbol, bits 16–31 the start, from bit 32
   * the frequency.
   */
  final long[] intervals;

  /**
   * Per interval, two numbers with which the compact profile's encoder divides and adds: the
   * multiplier {@code ceil(2^48 / frequency)}, so that the quotient is {@code state · multiplier
   * >>> 48}, exact for every state below {@code frequency · 2^16}; then bits 0–15 {@code 65536 −
   * frequency} and bits 16–31 the start.
   */
  final long[] compactSteps;

  /**
   * Per table, what a zero costs, in bits / 4096: the nearest integer to {@code 4096 · log2(65536 /
   * frequency)}, and 16 bits where no interval stands for 0.
   */
  final int[] zeroCosts;

  /**
   * 256 entries of {@link #intervals} per table: the interval in which each 256th of the range
   * begins. Finer ones spare steps of the search after it but lose more to cache misses.
   */
  final long[] buckets;

  /**
   * Per table, the entry of {@link #intervals} of its most frequent symbol, the escape excepted; 0
   * where there is none.
   */
  final long[] mostProbable;

  /**
   * Tables with their true lengths.
   *
   * @param cdfs {@code cdfs[t]} rises strictly from 0 to 65536 and has at least two entries; copied
   * @param offsets the symbol of each table's first interval; copied
   * @throws TesseraException.Corrupt if a table is none
   */
  public CdfTables(int[][] cdfs, int[] offsets) {
    this(flatten(cdfs), starts(cdfs), offsets.clone());
  }

  private CdfTables(int[] cdf, int[] cdfStart, int[] offsets) {
    int count = cdfStart.length - 1;
    if (offsets.length != count) {
      throw corrupt(count + " tables come with " + offsets.length + " offsets instead of one each");
    }
    for (int t = 0; t < count; t++) {
      requireTable(cdf, cdfStart[t], cdfStart[t + 1], t);
    }
    this.cdf = cdf;
    this.cdfStart = cdfStart;
    this.offsets = offsets;
    this.firstInterval = new int[count + 1];
    Arrays.setAll(firstInterval, t -> cdfStart[t] - t);
    this.escapes = new int[count];
    Arrays.setAll(escapes, t -> length(t) - 2);
    int total = firstInterval[count];
    this.reciprocals = new long[total];
    this.steps = new long[total];
    this.intervals = new long[total];
    this.compactSteps = new long[2 * total];
    this.zeroCosts = new int[count];
    this.buckets = new long[count << BUCKET_BITS];
    this.mostProbable = new long[count];
    for (int t = 0; t < count; t++) {
      prepare(t);
    }
  }

  /**
   * Tables as CompressAI stores them: one row of {@code stride} entries per table, of which the
   * first {@code lengths[t]} count.
   *
   * @param quantizedCdf {@code _quantized_cdf}, {@code lengths.length × stride}
   * @param stride entries of a row
   * @param lengths {@code _cdf_length}
   * @param offsets {@code _offset}
   * @throws TesseraException.Corrupt if sizes contradict each other or a table is none
   */
  public static CdfTables ofPadded(int[] quantizedCdf, int stride, int[] lengths, int[] offsets) {
    if (stride < 0 || (long) stride * lengths.length != quantizedCdf.length) {
      throw corrupt(
          quantizedCdf.length + " table entries are not " + lengths.length + " rows of " + stride);
    }
    int[][] cdfs = new int[lengths.length][];
    for (int t = 0; t < cdfs.length; t++) {
      if (lengths[t] < 2 || lengths[t] > stride) {
        throw corrupt(
            "table " + t + " states a length of " + lengths[t] + ", which must be 2 to " + stride);
      }
      cdfs[t] = Arrays.copyOfRange(quantizedCdf, t * stride, t * stride + lengths[t]);
    }
    return new CdfTables(cdfs, offsets);
  }

  /** Number of tables. */
  public int count() {
    return offsets.length;
  }

  /** A copy of table {@code t}, with its true length. */
  public int[] cdf(int t) {
    return Arrays.copyOfRange(cdf, cdfStart[t], cdfStart[t + 1]);
  }

  /** The symbol that the first interval of table {@code t} stands for. */
  public int offset(int t) {
    return offsets[t];
  }

  /** Entries of table {@code t}: two more than it holds symbols. */
  public int length(int t) {
    return cdfStart[t + 1] - cdfStart[t];
  }

  /**
   * What a zero costs with table {@code t}, in bits / 4096 and rounded; 65536 where no interval
   * stands for 0.
   */
  public int zeroCost(int t) {
    return zeroCosts[t];
  }

  /**
   * What coding a symbol costs with table {@code t}, in bits; the sum over a stream is the coder's
   * lower bound.
   *
   * @param symbol any value; one outside the table costs its escape and its digits
   */
  public double bits(int t, int symbol) {
    int value = symbol - offsets[t];
    int escape = escapes[t];
    boolean held = value >= 0 && value < escape;
    int first = cdfStart[t] + (held ? value : escape);
    double bits = PRECISION - Math.log(cdf[first + 1] - cdf[first]) / Math.log(2);
    return held
        ? bits
        : bits + RansFormat.DIGIT_BITS * (1 + RansFormat.digits(RansFormat.escaped(value, escape)));
  }

  /** Whether nearly every symbol coded with table {@code t} will be its most frequent one. */
  boolean skewed(int t) {
    return mostProbable[t] >>> 32 >= SKEWED;
  }

  /** The entry of {@link #intervals} of table {@code t} that holds a 16-bit slot. */
  long interval(int t, int slot) {
    long interval = buckets[(t << BUCKET_BITS) + (slot >>> PRECISION - BUCKET_BITS)];
    while (slot - ((int) interval >>> 16) >= interval >>> 32) {
      interval = intervals[firstInterval[t] + ((int) interval & 0xFFFF) + 1];
    }
    return interval;
  }

  private void prepare(int t) {
    int first = firstInterval[t];
    int count = firstInterval[t + 1] - first;
    long best = 0;
    int bucket = t << BUCKET_BITS;
    int bucketEnd = bucket + (1 << BUCKET_BITS);
    int covered = 0;
    for (int s = 0; s < count; s++) {
      int start = cdf[cdfStart[t] + s];
      int end = cdf[cdfStart[t] + s + 1];
      long interval = (long) (end - start) << 32 | (long) start << 16 | s;
      intervals[first + s] = interval;
      prepareEncoding(first + s, start, end - start);
      if (s < count - 1 && interval >>> 32 > best >>> 32) {
        best = interval;
      }
      while (bucket < bucketEnd && covered < end) {
        buckets[bucket++] = interval;
        covered += TOTAL >> BUCKET_BITS;
      }
    }
    mostProbable[t] = best;
    int zero = -offsets[t];
    zeroCosts[t] =
        zero >= 0 && zero < escapes[t]
            ? ZeroFlags.cost((int) (intervals[first + zero] >>> 32))
            : ZeroFlags.NO_ZERO;
  }

  /**
   * Granlund and Montgomery, "Division by invariant integers using multiplication" (PLDI 1994), as
   * ryg's rans64 applies it.
   */
  private void prepareEncoding(int i, int start, int frequency) {
    compactSteps[2 * i] = ((1L << 48) + frequency - 1) / frequency;
    compactSteps[2 * i + 1] = (long) start << PRECISION | (TOTAL - frequency);
    if (frequency == 1) {
      reciprocals[i] = -1;
      steps[i] = (long) (start + TOTAL - 1) << 32 | (long) (TOTAL - 1) << 16;
      return;
    }
    int shift = 31 - Integer.numberOfLeadingZeros(frequency - 1);
    // ceil(2^(64 + shift) / frequency), in two halves because it does not fit 64 bits before the
    // division
    long high = 1L << (32 + shift);
    long remainder = high % frequency;
    long low = (remainder << 32) + frequency - 1;
    reciprocals[i] = (high / frequency << 32) + low / frequency;
    steps[i] = (long) start << 32 | (long) (TOTAL - frequency) << 16 | shift;
  }

  private static int[] flatten(int[][] cdfs) {
    int[] flat = new int[starts(cdfs)[cdfs.length]];
    int at = 0;
    for (int[] table : cdfs) {
      System.arraycopy(table, 0, flat, at, table.length);
      at += table.length;
    }
    return flat;
  }

  private static int[] starts(int[][] cdfs) {
    if (cdfs.length > MAX_TABLES) {
      throw new TesseraException.Unsupported(
          cdfs.length + " tables are more than the " + MAX_TABLES + " that a model may have");
    }
    int[] starts = new int[cdfs.length + 1];
    long total = 0;
    for (int t = 0; t < cdfs.length; t++) {
      total += cdfs[t].length;
      if (total > MAX_ENTRIES) {
        throw new TesseraException.Unsupported(
            "the tables have more than the " + MAX_ENTRIES + " entries that a model may have");
      }
      starts[t + 1] = (int) total;
    }
    return starts;
  }

  private static void requireTable(int[] cdf, int from, int to, int t) {
    if (to - from < 2 || cdf[from] != 0 || cdf[to - 1] != TOTAL) {
      throw corrupt("table " + t + " does not run from 0 to " + TOTAL);
    }
    for (int i = from + 1; i < to; i++) {
      if (cdf[i] <= cdf[i - 1]) {
        throw corrupt("table " + t + " does not rise at entry " + (i - from));
      }
    }
  }

  private static TesseraException corrupt(String what) {
    return new TesseraException.Corrupt(
        "the entropy coder's tables are damaged: " + what + "; use another copy of the model", -1);
  }
}
