package dev.tessera.entropy;

import static dev.tessera.entropy.CompactFormat.LOWER_BOUND;
import static dev.tessera.entropy.CompactFormat.MAX_WORDS;
import static dev.tessera.entropy.CompactFormat.WORD_BITS;
import static dev.tessera.entropy.CompactFormat.WORD_MASK;
import static dev.tessera.entropy.RansFormat.DIGIT_BITS;
import static dev.tessera.entropy.RansFormat.DIGIT_MASK;
import static dev.tessera.entropy.RansFormat.MAX_DIGITS;
import static dev.tessera.entropy.RansFormat.SLOT_MASK;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The decoder behind {@link CompactRans.Decoder}. {@link #load} comes before every {@code decode}.
 * The state is an unsigned 32-bit number in a long; no bytes can make it another.
 */
final class CompactDecoder {
  private static final int CHUNK = 1 << 12;

  private short[] words = new short[1 << 10];
  private int count;
  private int next;
  private long origin;
  private int escapedValue;
  private boolean[] alive = new boolean[64];
  private int[] wide = {};

  /** Takes the words of a stream, whose length is checked against what it is to hold. */
  void load(MemorySegment data, long offset, long bytes, StreamRegion region, int width) {
    origin = offset;
    next = 0;
    if (offset < 0 || bytes < 0 || bytes > data.byteSize() - offset) {
      throw corrupt("its " + bytes + " bytes reach past the end of the data");
    }
    if (bytes % Short.BYTES != 0) {
      throw corrupt("its length of " + bytes + " bytes is impossible");
    }
    long symbols = (long) region.channels() * region.rows() * width;
    if (bytes / Short.BYTES > CompactFormat.wordsBound(symbols, region.channels())) {
      throw corrupt("it has " + bytes + " bytes, more than " + symbols + " symbols can take");
    }
    int length = RansFormat.held(words.length, bytes / Short.BYTES, MAX_WORDS);
    count = (int) (bytes / Short.BYTES);
    if (words.length < count) {
      words = new short[length];
    }
    MemorySegment.copy(data, CompactFormat.WORD, offset, words, 0, count);
  }

  /** Decodes into {@code ints}, or into {@code shorts} where that is null. */
  void decode(
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
    long state = start();
    for (int k = 0; k < region.channels(); k++) {
      int channel = scheme.order().channel(region.firstChannel() + k);
      int start = base + (channel * layout.height() + region.firstRow()) * layout.width();
      int dead = scheme.flags().frequency(channel, scheme.tables(), indexes, start, run);
      int slot = (int) state & SLOT_MASK;
      alive[k] = slot >= dead;
      state =
          renormalized(
              alive[k]
                  ? (state >>> CdfTables.PRECISION) * (SLOT_MASK + 1 - dead) + slot - dead
                  : (state >>> CdfTables.PRECISION) * dead + slot);
    }
    for (int k = 0; k < region.channels(); k++) {
      int channel = scheme.order().channel(region.firstChannel() + k);
      int start = base + (channel * layout.height() + region.firstRow()) * layout.width();
      if (alive[k]) {
        state = decodeChannel(state, ints, shorts, start, run, scheme.tables(), indexes, channel);
      } else if (ints != null) {
        Arrays.fill(ints, start, start + run, 0);
      } else {
        Arrays.fill(shorts, start, start + run, (short) 0);
      }
    }
    if (next != count) {
      throw corrupt("its symbols end before its bytes do");
    }
    if (state != 0) {
      throw corrupt("it ends in a state other than the first");
    }
  }

  private long start() {
    if (count == 0) {
      return 0;
    }
    long state = words[next++] & WORD_MASK;
    if (state == 0) {
      throw corrupt("it begins with an impossible state");
    }
    return renormalized(state);
  }

  private long decodeChannel(
      long initial,
      int[] ints,
      short[] shorts,
      int start,
      int run,
      CdfTables tables,
      int[] indexes,
      int channel) {
    if (ints != null) {
      return decodeRun(initial, ints, start, start + run, tables, indexes, channel, 0);
    }
    if (wide.length == 0) {
      wide = new int[CHUNK];
    }
    long state = initial;
    for (int from = start, rest = run; rest > 0; from += CHUNK, rest -= CHUNK) {
      int length = Math.min(CHUNK, rest);
      state = decodeRun(state, wide, 0, length, tables, indexes, channel, from);
      for (int i = 0; i < length; i++) {
        shorts[from + i] = (short) wide[i];
        if (shorts[from + i] != wide[i]) {
          throw corrupt("its symbol " + wide[i] + " does not fit 16 bits");
        }
      }
    }
    return state;
  }

  /**
   * @param shift what an index of {@code symbols} lacks to be one of {@code indexes}
   */
  private long decodeRun(
      long state,
      int[] symbols,
      int from,
      int to,
      CdfTables tables,
      int[] indexes,
      int channel,
      int shift) {
    if (indexes != null) {
      return decodeRun(state, symbols, from, to, tables, indexes, shift);
    }
    return tables.skewed(channel)
        ? decodeSkewedRun(state, symbols, from, to, tables, channel)
        : decodeRun(state, symbols, from, to, tables, channel);
  }

  /**
   * One channel of which nearly all symbols are the most probable one: a well-predicted branch
   * instead of a look-up.
   */
  private long decodeSkewedRun(
      long initial, int[] symbols, int from, int to, CdfTables tables, int table) {
    long expected = tables.mostProbable[table];
    int expectedStart = (int) expected >>> 16;
    long expectedFrequency = expected >>> 32;
    int expectedSymbol = ((int) expected & 0xFFFF) + tables.offsets[table];
    int escape = tables.escapes[table];
    int offset = tables.offsets[table];
    long state = initial;
    for (int i = from; i < to; i++) {
      int slot = (int) state & SLOT_MASK;
      int within = slot - expectedStart;
      if (within >= 0 && within < expectedFrequency) {
        state = (state >>> CdfTables.PRECISION) * expectedFrequency + within;
        if (state < LOWER_BOUND) {
          state = refilled(state);
        }
        symbols[i] = expectedSymbol;
      } else {
        long interval = tables.interval(table, slot);
        state =
            renormalized(
                (state >>> CdfTables.PRECISION) * (interval >>> 32)
                    + slot
                    - ((int) interval >>> 16));
        int value = (int) interval & 0xFFFF;
        if (value == escape) {
          state = takeDigits(state, escape);
          value = escapedValue;
        }
        symbols[i] = value + offset;
      }
    }
    return state;
  }

  private long decodeRun(
      long initial, int[] symbols, int from, int to, CdfTables tables, int table) {
    int escape = tables.escapes[table];
    int offset = tables.offsets[table];
    long state = initial;
    for (int i = from; i < to; i++) {
      int slot = (int) state & SLOT_MASK;
      long interval = tables.interval(table, slot);
      state = (state >>> CdfTables.PRECISION) * (interval >>> 32) + slot - ((int) interval >>> 16);
      if (state < LOWER_BOUND) {
        state = refilled(state);
      }
      int value = (int) interval & 0xFFFF;
      if (value == escape) {
        state = takeDigits(state, escape);
        value = escapedValue;
      }
      symbols[i] = value + offset;
    }
    return state;
  }

  private long decodeRun(
      long initial, int[] symbols, int from, int to, CdfTables tables, int[] indexes, int shift) {
    int[] escapes = tables.escapes;
    int[] offsets = tables.offsets;
    long state = initial;
    for (int i = from; i < to; i++) {
      int table = indexes[i + shift];
      if (Integer.compareUnsigned(table, tables.count()) >= 0) {
        throw RansFormat.noSuchTable(table, tables);
      }
      int slot = (int) state & SLOT_MASK;
      long interval = tables.interval(table, slot);
      state = (state >>> CdfTables.PRECISION) * (interval >>> 32) + slot - ((int) interval >>> 16);
      if (state < LOWER_BOUND) {
        state = refilled(state);
      }
      int value = (int) interval & 0xFFFF;
      int escape = escapes[table];
      if (value == escape) {
        state = takeDigits(state, escape);
        value = escapedValue;
      }
      symbols[i] = value + offsets[table];
    }
    return state;
  }

  private long takeDigits(long initial, int escape) {
    long state = initial;
    int digits = (int) state & DIGIT_MASK;
    state = renormalized(state >>> DIGIT_BITS);
    if (digits > MAX_DIGITS) {
      throw corrupt("a symbol outside its table has " + digits + " digits, more than 8");
    }
    int unsigned = 0;
    for (int digit = 0; digit < digits; digit++) {
      unsigned |= ((int) state & DIGIT_MASK) << digit * DIGIT_BITS;
      state = renormalized(state >>> DIGIT_BITS);
    }
    escapedValue = RansFormat.unescaped(unsigned, escape);
    return state;
  }

  private long renormalized(long state) {
    return state < LOWER_BOUND ? refilled(state) : state;
  }

  /** A state below its bound with the next word; as it is where there is none. */
  private long refilled(long state) {
    return next == count ? state : state << WORD_BITS | words[next++] & WORD_MASK;
  }

  private TesseraException corrupt(String what) {
    return new TesseraException.Corrupt(
        "an entropy-coded stream is damaged: " + what, origin + (long) next * Short.BYTES);
  }
}
