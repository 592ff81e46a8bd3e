package dev.tessera.entropy;

import dev.tessera.field.TesseraException;
import java.util.Arrays;

/**
 * How probable it is that all symbols of a channel in a stream are zero, which is what the compact
 * profile's flags tell before the symbols: either derived from the tables, or stored per channel.
 * Probabilities are frequencies of 1 to 65,535 in 65,536. Immutable.
 */
public final class ZeroFlags {
  /** What the tables say, as if symbols were independent of each other. */
  public static final ZeroFlags DERIVED = new ZeroFlags(null);

  /** Units of a cost per bit. */
  static final int COST_UNIT = 1 << 12;

  /** Cost of a zero for which a table has no interval: 16 bits. */
  static final int NO_ZERO = 16 * COST_UNIT;

  private static final int TOTAL = 1 << CdfTables.PRECISION;

  /** 2^32 · 2^(−i/16): whole sixteenths of a bit, up to 16 bits. */
  private static final long[] COARSE = new long[257];

  /** 2^16 · 2^(−k/1024): what a sixteenth of a bit has beyond. */
  private static final long[] FINE = new long[64];

  static {
    // no value lies closer to a half than 0.002, so that every correct logarithm rounds alike
    for (int i = 0; i < COARSE.length; i++) {
      COARSE[i] = Math.round(0x1p32 * StrictMath.pow(2, -i / 16.0));
    }
    for (int k = 0; k < FINE.length; k++) {
      FINE[k] = Math.round(0x1p16 * StrictMath.pow(2, -k / 1024.0));
    }
  }

  private final int[] frequencies;

  private ZeroFlags(int[] frequencies) {
    this.frequencies = frequencies;
  }

  /**
   * Frequencies measured on data.
   *
   * @param frequencies of every channel, 1 to 65,535; copied
   * @throws TesseraException.Corrupt if one is none
   */
  public static ZeroFlags stored(int[] frequencies) {
    for (int frequency : frequencies) {
      if (frequency < 1 || frequency >= TOTAL) {
        throw new TesseraException.Corrupt(
            "a channel is said to be zero with a frequency of "
                + frequency
                + ", which must be 1 to 65535",
            -1);
      }
    }
    return new ZeroFlags(frequencies.clone());
  }

  /** Whether frequencies follow from the tables. */
  public boolean isDerived() {
    return frequencies == null;
  }

  /** The stored frequency of every channel; null where they are derived. */
  public int[] frequencies() {
    return frequencies == null ? null : frequencies.clone();
  }

  /**
   * The derived frequency of 'all zero' for so many symbols of a channel.
   *
   * @param channel number of the channel and of its table
   */
  public static int derived(CdfTables tables, int channel, int symbols) {
    return derived((long) symbols * tables.zeroCosts[channel]);
  }

  /**
   * The frequency of 'all zero' for a channel's symbols in a stream.
   *
   * @param channel number of the channel
   * @param from index in {@code indexes} of the first of its symbols
   * @param count number of symbols
   * @param indexes table of every symbol, or null where it is the channel's number
   * @throws TesseraException.Invalid if a symbol's table does not exist
   */
  int frequency(int channel, CdfTables tables, int[] indexes, int from, int count) {
    if (frequencies != null) {
      return frequencies[channel];
    }
    if (indexes == null) {
      return derived(tables, channel, count);
    }
    long cost = 0;
    for (int i = from; i < from + count; i++) {
      if (Integer.compareUnsigned(indexes[i], tables.count()) >= 0) {
        throw RansFormat.noSuchTable(indexes[i], tables);
      }
      cost += tables.zeroCosts[indexes[i]];
    }
    return derived(cost);
  }

  /**
   * The frequency of an event that costs so much.
   *
   * @param cost in bits / 4096, not negative
   */
  static int derived(long cost) {
    int coarse = (int) Math.min(cost >>> 8, COARSE.length - 1);
    int fine = coarse == COARSE.length - 1 ? 0 : (int) (cost >>> 2) & 63;
    return Math.clamp(COARSE[coarse] * FINE[fine] >>> 32, 1, TOTAL - 1);
  }

  /** What a zero costs that has this frequency, in bits / 4096. */
  static int cost(int frequency) {
    return (int)
        Math.round(COST_UNIT * (StrictMath.log((double) TOTAL / frequency) / StrictMath.log(2)));
  }

  void requireFit(int channels) {
    if (frequencies != null && frequencies.length != channels) {
      throw new TesseraException.Invalid(
          "a latent of %d channels needs as many stored frequencies of zero, not %d"
              .formatted(channels, frequencies.length));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ZeroFlags flags && Arrays.equals(frequencies, flags.frequencies);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(frequencies);
  }

  @Override
  public String toString() {
    return frequencies == null ? "derived" : Arrays.toString(frequencies);
  }
}
