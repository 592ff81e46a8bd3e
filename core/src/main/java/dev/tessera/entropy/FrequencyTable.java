package dev.tessera.entropy;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.field.TesseraException;

/**
 * A table measured on the numbers that it codes: frequencies of neighbouring symbols around 0 and
 * of the escape, which add up to 65,536. Built in integer arithmetic, so that every encoder gets
 * the same one from the same numbers (FORMAT.md, "rANS of residuals").
 */
public final class FrequencyTable {
  /** Symbols that a table can hold: −2048 to 2047. */
  public static final int MAX_SYMBOLS = 4096;

  /** What a histogram's first bin counts. */
  public static final int LEAST_SYMBOL = -MAX_SYMBOLS / 2;

  /** The table of blocks that hold nothing but zeros; never stored. */
  public static final FrequencyTable ZEROS = new FrequencyTable(0, new int[] {65535});

  private static final int TOTAL = 1 << CdfTables.PRECISION;

  /** At most one symbol in 4096 is left to the escape. */
  private static final int ALLOWANCE_SHIFT = 12;

  private final int lowest;
  private final int[] frequencies;

  private FrequencyTable(int lowest, int[] frequencies) {
    this.lowest = lowest;
    this.frequencies = frequencies;
  }

  /**
   * The table of a histogram.
   *
   * @param counts how often {@link #LEAST_SYMBOL} and each of the symbols after it occur; {@link
   *     #MAX_SYMBOLS} bins, at least one of them or {@code outside} above 0
   * @param outside how often other symbols occur
   */
  public static FrequencyTable of(long[] counts, long outside) {
    int zero = -LEAST_SYMBOL;
    int low = zero;
    int high = zero;
    int best = zero;
    long total = outside;
    for (int i = 0; i < MAX_SYMBOLS; i++) {
      if (counts[i] > 0) {
        low = Math.min(low, i);
        high = i > high ? i : high;
        best = counts[i] > counts[best] ? i : best;
        total += counts[i];
      }
    }
    long allowance = total >> ALLOWANCE_SHIFT;
    long escaped = outside;
    while (low < high) {
      boolean takeHigh = high > zero && (low == zero || counts[high] <= counts[low]);
      long count = counts[takeHigh ? high : low];
      if (count > 0 && escaped + count > allowance) {
        break;
      }
      escaped += count;
      if (takeHigh) {
        high--;
      } else {
        low++;
      }
    }
    return normalized(counts, low, high, escaped, total);
  }

  /**
   * A table whose frequencies are known.
   *
   * @param lowest the symbol of the first frequency
   * @param frequencies 1 to {@value #MAX_SYMBOLS} of them, at least 1 each, below 65,536 in all;
   *     copied
   * @throws TesseraException.Invalid if they are no table
   */
  public static FrequencyTable of(int lowest, int[] frequencies) {
    long sum = 0;
    boolean positive = true;
    for (int frequency : frequencies) {
      sum += frequency;
      positive &= frequency > 0;
    }
    if (frequencies.length < 1 || frequencies.length > MAX_SYMBOLS || !positive || sum >= TOTAL) {
      throw new TesseraException.Invalid(
          "%d frequencies with a sum of %d are no table".formatted(frequencies.length, sum));
    }
    return new FrequencyTable(lowest, frequencies.clone());
  }

  private static FrequencyTable normalized(
      long[] counts, int low, int high, long escaped, long total) {
    int[] frequencies = new int[high - low + 1];
    long spare = TOTAL - frequencies.length - 1;
    long left = TOTAL - (1 + escaped * spare / total);
    int best = 0;
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = (int) (1 + counts[low + i] * spare / total);
      left -= frequencies[i];
      best = counts[low + i] > counts[low + best] ? i : best;
    }
    frequencies[best] += (int) left;
    return new FrequencyTable(low + LEAST_SYMBOL, frequencies);
  }

  /** Stores the lowest symbol, the number of symbols and their frequencies. */
  public void write(ByteWriter out) {
    out.varint((lowest << 1 ^ lowest >> 31) & 0xFFFFFFFFL).varint(frequencies.length);
    for (int frequency : frequencies) {
      out.varint(frequency);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws TesseraException.Corrupt if the numbers are no table
   */
  public static FrequencyTable read(ByteReader in) {
    int zigzag = in.varint(Integer.MAX_VALUE);
    int length = in.varint(MAX_SYMBOLS);
    if (length < 1 || length > in.remaining()) {
      throw in.corrupt("has a table of an impossible length");
    }
    int[] frequencies = new int[length];
    int left = TOTAL - 1;
    for (int i = 0; i < length; i++) {
      frequencies[i] = in.varint(TOTAL);
      left -= frequencies[i];
      if (frequencies[i] < 1 || left < 0) {
        throw in.corrupt("has a table whose frequencies do not add up");
      }
    }
    return new FrequencyTable(zigzag >>> 1 ^ -(zigzag & 1), frequencies);
  }

  /** The symbol of the first frequency. */
  public int lowest() {
    return lowest;
  }

  /** Number of symbols, the escape not counted. */
  public int symbols() {
    return frequencies.length;
  }

  /** The frequency of the symbol 0; 0 where the table does not hold it. */
  public int frequencyOfZero() {
    int zero = -lowest;
    return zero >= 0 && zero < frequencies.length ? frequencies[zero] : 0;
  }

  /** The running sum of the frequencies, with the escape's at the end. */
  public int[] cdf() {
    int[] cdf = new int[frequencies.length + 2];
    for (int i = 0; i < frequencies.length; i++) {
      cdf[i + 1] = cdf[i] + frequencies[i];
    }
    cdf[cdf.length - 1] = TOTAL;
    return cdf;
  }
}
