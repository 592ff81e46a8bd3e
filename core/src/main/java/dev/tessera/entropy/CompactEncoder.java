package dev.tessera.entropy;

import static dev.tessera.entropy.CompactFormat.DIGIT_BOUND;
import static dev.tessera.entropy.CompactFormat.LOWER_BOUND;
import static dev.tessera.entropy.CompactFormat.MAX_WORDS;
import static dev.tessera.entropy.CompactFormat.STATE_WORDS;
import static dev.tessera.entropy.CompactFormat.WORDS_PER_SYMBOL;
import static dev.tessera.entropy.CompactFormat.WORD_BITS;
import static dev.tessera.entropy.RansFormat.DIGIT_BITS;
import static dev.tessera.entropy.RansFormat.DIGIT_MASK;
import static dev.tessera.entropy.RansFormat.digits;
import static dev.tessera.entropy.RansFormat.escaped;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The encoder behind {@link CompactRans.Encoder}. It goes from a stream's last symbol to its first
 * and writes words from the stream's end to its beginning; the state is an unsigned 32-bit number
 * in a long.
 */
final class CompactEncoder {
  /** Symbols between two looks at the room left. */
  private static final int CHUNK = 1 << 12;

  private static final int[] ZEROS = new int[CHUNK];
  private static final short[] SHORT_ZEROS = new short[CHUNK];

  /** Lower only where a test has no 4 GiB to spare. */
  int mostWords = MAX_WORDS;

  private short[] words = new short[1 << 10];
  // words[first..] are written; they grow toward the front
  private int first = words.length;
  private boolean[] alive = new boolean[64];
  private int[] widened = {};

  /** Encodes {@code ints}, or {@code shorts} where that is null. */
  long encode(
      int[] ints,
      short[] shorts,
      int base,
      int[] indexes,
      StreamLayout layout,
      int stream,
      CompactScheme scheme) {
    StreamRegion region = layout.region(stream);
    int run = region.rows() * layout.width();
    if (alive.length < region.channels()) {
      alive = new boolean[region.channels()];
    }
    first = words.length;
    long state = 0;
    for (int k = region.channels() - 1; k >= 0; k--) {
      int channel = scheme.order().channel(region.firstChannel() + k);
      int start = base + (channel * layout.height() + region.firstRow()) * layout.width();
      alive[k] = ints != null ? anyAlive(ints, start, run) : anyAlive(shorts, start, run);
      if (alive[k]) {
        state = encodeChannel(state, ints, shorts, start, run, scheme.tables(), indexes, channel);
      }
    }
    reserve(region.channels());
    for (int k = region.channels() - 1; k >= 0; k--) {
      int channel = scheme.order().channel(region.firstChannel() + k);
      int start = base + (channel * layout.height() + region.firstRow()) * layout.width();
      int dead = scheme.flags().frequency(channel, scheme.tables(), indexes, start, run);
      state = putFlag(state, alive[k], dead);
    }
    if (state >= LOWER_BOUND) {
      words[--first] = (short) state;
      state >>>= WORD_BITS;
    }
    if (state != 0) {
      words[--first] = (short) state;
    }
    return (long) (words.length - first) * Short.BYTES;
  }

  void copyTo(MemorySegment target, long offset) {
    MemorySegment.copy(words, first, target, CompactFormat.WORD, offset, words.length - first);
  }

  private static boolean anyAlive(int[] symbols, int start, int run) {
    for (int i = start, rest = run; rest > 0; i += CHUNK, rest -= CHUNK) {
      int count = Math.min(CHUNK, rest);
      if (!Arrays.equals(symbols, i, i + count, ZEROS, 0, count)) {
        return true;
      }
    }
    return false;
  }

  private static boolean anyAlive(short[] symbols, int start, int run) {
    for (int i = start, rest = run; rest > 0; i += CHUNK, rest -= CHUNK) {
      int count = Math.min(CHUNK, rest);
      if (!Arrays.equals(symbols, i, i + count, SHORT_ZEROS, 0, count)) {
        return true;
      }
    }
    return false;
  }

  private long encodeChannel(
      long initial,
      int[] ints,
      short[] shorts,
      int start,
      int run,
      CdfTables tables,
      int[] indexes,
      int channel) {
    long state = initial;
    for (int end = start + run; end > start; ) {
      int from = Math.max(start, end - CHUNK);
      reserve(end - from);
      int[] symbols = ints;
      int shift = 0;
      if (symbols == null) {
        symbols = widen(shorts, from, end);
        shift = from;
      }
      state =
          indexes == null
              ? encodeRun(state, symbols, from - shift, end - shift, tables, channel)
              : encodeRun(state, symbols, from - shift, end - shift, tables, indexes, shift);
      end = from;
    }
    return state;
  }

  private int[] widen(short[] symbols, int from, int to) {
    if (widened.length == 0) {
      widened = new int[CHUNK];
    }
    for (int i = from; i < to; i++) {
      widened[i - from] = symbols[i];
    }
    return widened;
  }

  private long encodeRun(
      long initial, int[] symbols, int from, int to, CdfTables tables, int table) {
    long[] steps = tables.compactSteps;
    int interval = tables.firstInterval[table];
    int escape = tables.escapes[table];
    int offset = tables.offsets[table];
    short[] out = words;
    int at = first;
    long state = initial;
    for (int i = to - 1; i >= from; i--) {
      int value = symbols[i] - offset;
      if (Integer.compareUnsigned(value, escape) >= 0) {
        first = at;
        state = putDigits(state, escaped(value, escape));
        at = first;
        value = escape;
      }
      int s = 2 * (interval + value);
      int step = (int) steps[s + 1];
      int complement = step & 0xFFFF;
      if ((state >>> WORD_BITS) + complement >= LOWER_BOUND) {
        out[--at] = (short) state;
        state >>>= WORD_BITS;
      }
      long quotient = state * steps[s] >>> 48;
      state += (step >>> 16) + quotient * complement;
    }
    first = at;
    return state;
  }

  private long encodeRun(
      long initial, int[] symbols, int from, int to, CdfTables tables, int[] indexes, int shift) {
    long[] steps = tables.compactSteps;
    int[] firstInterval = tables.firstInterval;
    int[] escapes = tables.escapes;
    int[] offsets = tables.offsets;
    short[] out = words;
    int at = first;
    long state = initial;
    for (int i = to - 1; i >= from; i--) {
      int table = indexes[i + shift];
      if (Integer.compareUnsigned(table, tables.count()) >= 0) {
        throw RansFormat.noSuchTable(table, tables);
      }
      int escape = escapes[table];
      int value = symbols[i] - offsets[table];
      if (Integer.compareUnsigned(value, escape) >= 0) {
        first = at;
        state = putDigits(state, escaped(value, escape));
        at = first;
        value = escape;
      }
      int s = 2 * (firstInterval[table] + value);
      int step = (int) steps[s + 1];
      int complement = step & 0xFFFF;
      if ((state >>> WORD_BITS) + complement >= LOWER_BOUND) {
        out[--at] = (short) state;
        state >>>= WORD_BITS;
      }
      long quotient = state * steps[s] >>> 48;
      state += (step >>> 16) + quotient * complement;
    }
    first = at;
    return state;
  }

  private long putFlag(long initial, boolean alive, int dead) {
    int start = alive ? dead : 0;
    int frequency = alive ? (1 << CdfTables.PRECISION) - dead : dead;
    long state = initial;
    if (state >= (long) frequency << WORD_BITS) {
      words[--first] = (short) state;
      state >>>= WORD_BITS;
    }
    int quotient = Integer.divideUnsigned((int) state, frequency);
    return ((long) quotient << CdfTables.PRECISION) + (state - (long) quotient * frequency) + start;
  }

  /** The digits of an escape, in the reverse of the order in which the decoder reads them. */
  private long putDigits(long initial, int unsigned) {
    int count = digits(unsigned);
    long state = initial;
    for (int digit = count - 1; digit >= 0; digit--) {
      state = putDigit(state, unsigned >>> digit * DIGIT_BITS & DIGIT_MASK);
    }
    return putDigit(state, count);
  }

  private long putDigit(long initial, int digit) {
    long state = initial;
    if (state >= DIGIT_BOUND) {
      words[--first] = (short) state;
      state >>>= WORD_BITS;
    }
    return state << DIGIT_BITS | digit;
  }

  /** Makes room for some symbols or flags and the final state. */
  private void reserve(int symbols) {
    long needed = (long) WORDS_PER_SYMBOL * symbols + STATE_WORDS;
    if (first >= needed) {
      return;
    }
    int used = words.length - first;
    short[] larger = new short[RansFormat.grown(words.length, used, needed, mostWords)];
    System.arraycopy(words, first, larger, larger.length - used, used);
    words = larger;
    first = larger.length - used;
  }
}
