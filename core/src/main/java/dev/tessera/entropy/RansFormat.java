package dev.tessera.entropy;

import dev.tessera.field.TesseraException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The numbers of the compatible profile, and what both profiles share: digits and checks. */
final class RansFormat {
  /** Bits of a digit that follows an escape. */
  static final int DIGIT_BITS = 4;

  static final int DIGIT_MASK = (1 << DIGIT_BITS) - 1;

  /** Digits of an unsigned 32-bit number. */
  static final int MAX_DIGITS = 8;

  /** The state before the first symbol is encoded, after the last is decoded, and never below. */
  static final long LOWER_BOUND = 1L << 31;

  /**
   * Bits that a state has below its interval's frequency when it must shed a word: {@code 31 − 16 +
   * 32}.
   */
  static final int FREQUENCY_SHIFT = 47;

  static final int STATE_WORDS = 2;

  /** Words of the longest stream: 4 GiB, as in the compact profile. */
  static final int MAX_WORDS = 1 << 30;

  static final long WORD_MASK = 0xFFFFFFFFL;
  static final int SLOT_MASK = (1 << CdfTables.PRECISION) - 1;

  static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private RansFormat() {}

  /**
   * The unsigned number that tells how far outside its table a value lies: odd below, even above.
   */
  static int escaped(int value, int escape) {
    return value < 0 ? -2 * value - 1 : 2 * (value - escape);
  }

  /** The inverse of {@link #escaped}. */
  static int unescaped(int unsigned, int escape) {
    int half = unsigned >>> 1;
    return (unsigned & 1) != 0 ? -half - 1 : half + escape;
  }

  /** Digits of an unsigned number without leading zeros; none for 0. */
  static int digits(int unsigned) {
    return (32 - Integer.numberOfLeadingZeros(unsigned) + DIGIT_BITS - 1) / DIGIT_BITS;
  }

  /** Words of the longest stream: the costliest symbol takes 52 bits. */
  static long wordsBound(long symbols) {
    return 2 * symbols + 1 + STATE_WORDS;
  }

  /**
   * Length of a larger array of an encoder's words.
   *
   * @param length of the array at hand
   * @param used words that it holds
   * @param needed words that are to come
   * @param most words that it may hold
   * @throws TesseraException.Unsupported if that is too few
   */
  static int grown(int length, int used, long needed, int most) {
    if (used + needed > most) {
      throw new TesseraException.Unsupported(
          "a stream would exceed 4 GiB: use fewer channels or rows per stream");
    }
    // by a half, so that old and new array together stay below three times the words
    return (int) Math.min(Math.max(length + length / 2L, used + needed), most);
  }

  /**
   * Length of an array for a decoder's words.
   *
   * @param length of the array at hand
   * @param needed words of the stream
   * @param most words that it may hold
   * @throws TesseraException.Unsupported if that is too few
   */
  static int held(int length, long needed, int most) {
    if (needed > most) {
      throw new TesseraException.Unsupported(
          "a stream exceeds 4 GiB, more than this program can hold");
    }
    return (int) Math.max(needed, Math.min(length + length / 2L, most));
  }

  static void requireFit(
      int[] symbols, int base, int[] indexes, StreamLayout layout, CdfTables tables) {
    requireFit(symbols.length, base, indexes, layout, tables);
  }

  static void requireFit(
      int symbols, int base, int[] indexes, StreamLayout layout, CdfTables tables) {
    if (base < 0 || layout.symbols() > symbols - base) {
      throw new TesseraException.Invalid(
          "a latent of %d symbols at %d does not fit an array of %d"
              .formatted(layout.symbols(), base, symbols));
    }
    if (indexes != null && indexes.length - base < layout.symbols()) {
      throw new TesseraException.Invalid(
          "%d table indexes are too few for %d symbols at %d"
              .formatted(indexes.length, layout.symbols(), base));
    }
    if (indexes == null && layout.channels() > tables.count()) {
      throw new TesseraException.Invalid(
          "a latent of %d channels needs as many tables, not %d"
              .formatted(layout.channels(), tables.count()));
    }
  }

  static TesseraException noSuchTable(int table, CdfTables tables) {
    return new TesseraException.Invalid(
        "table index " + table + " is none of the " + tables.count() + " tables");
  }
}
