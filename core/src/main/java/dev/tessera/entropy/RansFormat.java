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

  /** Words of the longest stream: its bytes are counted in an int. */
  static final int MAX_WORDS = Integer.MAX_VALUE / Integer.BYTES;

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
    return Math.min(2 * symbols + 1 + STATE_WORDS, MAX_WORDS);
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
