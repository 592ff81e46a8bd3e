package dev.tessera.entropy;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The numbers of the compact profile. */
final class CompactFormat {
  /** Bits of a word. */
  static final int WORD_BITS = 16;

  /** A state below this takes a word, as long as there are words. */
  static final long LOWER_BOUND = 1L << WORD_BITS;

  /** A state from this on has no room for a digit. */
  static final long DIGIT_BOUND = 1L << 32 - RansFormat.DIGIT_BITS;

  static final int WORD_MASK = (1 << WORD_BITS) - 1;

  /** Words of the longest stream that an array holds: 4 GiB. */
  static final int MAX_WORDS = Integer.MAX_VALUE - 8;

  /** Most words that a symbol adds: an escape, and every fourth of nine digits. */
  static final int WORDS_PER_SYMBOL = 4;

  /** Words of the last state. */
  static final int STATE_WORDS = 2;

  static final ValueLayout.OfShort WORD =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private CompactFormat() {}

  /**
   * Words of the longest stream. A symbol lengthens the state by at most 52 bits (an escape of
   * frequency 1 and nine digits), a flag by at most 16.
   */
  static long wordsBound(long symbols, long channels) {
    return (52 * symbols + 16 * channels + WORD_BITS - 1) / WORD_BITS + STATE_WORDS;
  }
}
