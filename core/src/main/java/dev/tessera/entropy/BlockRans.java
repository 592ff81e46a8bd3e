package dev.tessera.entropy;

import static dev.tessera.entropy.CompactFormat.DIGIT_BOUND;
import static dev.tessera.entropy.CompactFormat.LOWER_BOUND;
import static dev.tessera.entropy.CompactFormat.STATE_WORDS;
import static dev.tessera.entropy.CompactFormat.WORDS_PER_SYMBOL;
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
 * Streams of the compact profile whose channels are blocks of residuals, each with a table of its
 * own choice: what {@link CompactRans} does with indexes, without an index per symbol. Flags are
 * derived from the tables.
 */
public final class BlockRans {
  /** Symbols of a block. */
  public static final int BLOCK = 4096;

  /** Symbols of a table from which a search takes longer than a look-up in a large array. */
  private static final int WIDE = 256;

  private BlockRans() {}

  /**
   * The frequency of the flag 'all zero' of a block.
   *
   * @param frequencyOfZero of the symbol 0 in the block's table; 0 where that does not hold it
   * @return 1 to 65,535
   */
  public static int deadFrequency(int frequencyOfZero) {
    int cost = frequencyOfZero > 0 ? ZeroFlags.cost(frequencyOfZero) : ZeroFlags.NO_ZERO;
    return ZeroFlags.derived((long) BLOCK * cost);
  }

  private static int deadFrequency(CdfTables tables, int table) {
    return ZeroFlags.derived((long) BLOCK * tables.zeroCosts[table]);
  }

  /** Most bytes of a stream of so many blocks. */
  public static long bytesBound(int blocks) {
    return Short.BYTES * CompactFormat.wordsBound((long) blocks * BLOCK, blocks);
  }

  /** Encodes streams; holds the words of the latest. For one thread at a time. */
  public static final class Encoder {
    private short[] words = {};
    private int first;

    /**
     * Encodes one stream.
     *
     * @param symbols blocks one after the other, from {@code base} on
     * @param base index of the first symbol
     * @param chosen table of each block, from {@code from} to {@code to}
     * @param zero whether a block holds nothing but zeros, parallel to {@code chosen}
     * @param from first block of the stream in {@code chosen}
     * @param to block after the last
     * @return number of 16-bit words
     */
    public int encode(
        int[] symbols, int base, int[] chosen, boolean[] zero, int from, int to, CdfTables tables) {
      first = words.length;
      long state = 0;
      for (int b = to - 1; b >= from; b--) {
        if (!zero[b]) {
          reserve(BLOCK);
          state = encodeBlock(state, symbols, base + (b - from) * BLOCK, tables, chosen[b]);
        }
      }
      reserve(to - from);
      for (int b = to - 1; b >= from; b--) {
        state = putFlag(state, zero[b], deadFrequency(tables, chosen[b]));
      }
      if (state >= LOWER_BOUND) {
        words[--first] = (short) state;
        state >>>= WORD_BITS;
      }
      if (state != 0) {
        words[--first] = (short) state;
      }
      return words.length - first;
    }

    /** Copies the words of the stream encoded last. */
    public void copyTo(short[] target, int at) {
      System.arraycopy(words, first, target, at, words.length - first);
    }

    private long encodeBlock(long initial, int[] symbols, int start, CdfTables tables, int table) {
      long[] steps = tables.compactSteps;
      int interval = tables.firstInterval[table];
      int escape = tables.escapes[table];
      int offset = tables.offsets[table];
      short[] out = words;
      int at = first;
      long state = initial;
      for (int i = start + BLOCK - 1; i >= start; i--) {
        int value = symbols[i] - offset;
        if (Integer.compareUnsigned(value, escape) >= 0) {
          first = at;
          state = putDigits(state, RansFormat.escaped(value, escape));
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

    private long putFlag(long initial, boolean dead, int deadFrequency) {
      int start = dead ? 0 : deadFrequency;
      int frequency = dead ? deadFrequency : (1 << CdfTables.PRECISION) - deadFrequency;
      long state = initial;
      if (state >= (long) frequency << WORD_BITS) {
        words[--first] = (short) state;
        state >>>= WORD_BITS;
      }
      return (state / frequency << CdfTables.PRECISION) + state % frequency + start;
    }

    private long putDigits(long initial, int unsigned) {
      int count = RansFormat.digits(unsigned);
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
      int needed = WORDS_PER_SYMBOL * symbols + STATE_WORDS;
      if (first >= needed) {
        return;
      }
      int used = words.length - first;
      if (used > Integer.MAX_VALUE / 2 - needed) {
        throw new TesseraException.Unsupported(
            "a stream would exceed 2 GiB: use fewer blocks per stream");
      }
      short[] larger = new short[2 * (used + needed)];
      System.arraycopy(words, first, larger, larger.length - used, used);
      words = larger;
      first = larger.length - used;
    }
  }

  /** Decodes one stream, block by block. For one thread at a time. */
  public static final class Decoder {
    private short[] words = {};
    private int count;
    private int next;
    private long origin;
    private long state;
    private int escapedValue;
    private boolean[] zero = {};
    private int block;
    private CdfTables tables;
    private short[][] symbolOfSlot = {};

    /** Takes the tables of the streams that follow. */
    public void use(CdfTables newTables) {
      tables = newTables;
      if (symbolOfSlot.length < tables.count()) {
        symbolOfSlot = Arrays.copyOf(symbolOfSlot, tables.count());
      }
      for (int t = 0; t < tables.count(); t++) {
        if (tables.escapes[t] > WIDE) {
          fillSlots(t);
        }
      }
    }

    private void fillSlots(int t) {
      if (symbolOfSlot[t] == null) {
        symbolOfSlot[t] = new short[1 << CdfTables.PRECISION];
      }
      for (int s = 0; s <= tables.escapes[t]; s++) {
        long interval = tables.intervals[tables.firstInterval[t] + s];
        int start = (int) interval >>> 16;
        Arrays.fill(symbolOfSlot[t], start, start + (int) (interval >>> 32), (short) s);
      }
    }

    /**
     * Begins a stream.
     *
     * @param data holds the stream
     * @param offset where it begins
     * @param length its 16-bit words, all inside of {@code data}
     * @param chosen table of each block
     * @param from first block of the stream in {@code chosen}
     * @param to block after the last
     * @throws TesseraException.Corrupt if the words cannot be such a stream
     */
    public void open(MemorySegment data, long offset, long length, int[] chosen, int from, int to) {
      origin = offset;
      next = 0;
      if (Short.BYTES * length > bytesBound(to - from)) {
        throw corrupt("it has " + length + " words, more than its blocks can take");
      }
      count = (int) length;
      if (words.length < count) {
        words = new short[count];
      }
      MemorySegment.copy(data, CompactFormat.WORD, offset, words, 0, count);
      if (zero.length < to - from) {
        zero = new boolean[to - from];
      }
      block = 0;
      state = 0;
      if (count > 0) {
        state = words[next++] & WORD_MASK;
        if (state == 0) {
          throw corrupt("it begins with an impossible state");
        }
        state = renormalized(state);
      }
      for (int b = from; b < to; b++) {
        int dead = deadFrequency(tables, chosen[b]);
        int slot = (int) state & SLOT_MASK;
        long high = state >>> CdfTables.PRECISION;
        zero[b - from] = slot < dead;
        state =
            renormalized(slot < dead ? high * dead + slot : high * (65536 - dead) + slot - dead);
      }
    }

    /** Decodes the next block of {@value #BLOCK} symbols with its table. */
    public void decode(int[] symbols, int table) {
      if (zero[block++]) {
        Arrays.fill(symbols, 0, BLOCK, 0);
      } else if (tables.escapes[table] > WIDE) {
        decodeWide(symbols, table);
      } else {
        decodeNarrow(symbols, table);
      }
    }

    /** By a search in the few intervals of a slot's neighbourhood. */
    private void decodeNarrow(int[] symbols, int table) {
      int escape = tables.escapes[table];
      int offset = tables.offsets[table];
      long x = state;
      for (int i = 0; i < BLOCK; i++) {
        int slot = (int) x & SLOT_MASK;
        long interval = tables.interval(table, slot);
        x = (x >>> CdfTables.PRECISION) * (interval >>> 32) + slot - ((int) interval >>> 16);
        if (x < LOWER_BOUND && next < count) {
          x = x << WORD_BITS | words[next++] & WORD_MASK;
        }
        int value = (int) interval & 0xFFFF;
        if (value == escape) {
          x = takeDigits(x, escape);
          value = escapedValue;
        }
        symbols[i] = value + offset;
      }
      state = x;
    }

    /** By the symbol of every slot, where a search would take many steps. */
    private void decodeWide(int[] symbols, int table) {
      int escape = tables.escapes[table];
      int offset = tables.offsets[table];
      short[] slots = symbolOfSlot[table];
      long[] intervals = tables.intervals;
      int first = tables.firstInterval[table];
      long x = state;
      for (int i = 0; i < BLOCK; i++) {
        int slot = (int) x & SLOT_MASK;
        int value = slots[slot];
        long interval = intervals[first + value];
        x = (x >>> CdfTables.PRECISION) * (interval >>> 32) + slot - ((int) interval >>> 16);
        if (x < LOWER_BOUND && next < count) {
          x = x << WORD_BITS | words[next++] & WORD_MASK;
        }
        if (value == escape) {
          x = takeDigits(x, escape);
          value = escapedValue;
        }
        symbols[i] = value + offset;
      }
      state = x;
    }

    /** Checks that the stream ends where its blocks do. */
    public void close() {
      if (next != count) {
        throw corrupt("its symbols end before its words do");
      }
      if (state != 0) {
        throw corrupt("it ends in a state other than the first");
      }
    }

    private long takeDigits(long initial, int escape) {
      int digits = (int) initial & DIGIT_MASK;
      long x = renormalized(initial >>> DIGIT_BITS);
      if (digits > MAX_DIGITS) {
        throw corrupt("a symbol outside its table has " + digits + " digits, more than 8");
      }
      int unsigned = 0;
      for (int digit = 0; digit < digits; digit++) {
        unsigned |= ((int) x & DIGIT_MASK) << digit * DIGIT_BITS;
        x = renormalized(x >>> DIGIT_BITS);
      }
      escapedValue = RansFormat.unescaped(unsigned, escape);
      return x;
    }

    private long renormalized(long x) {
      return x < LOWER_BOUND && next < count ? x << WORD_BITS | words[next++] & WORD_MASK : x;
    }

    private TesseraException corrupt(String what) {
      return new TesseraException.Corrupt(
          "a stream of residuals is damaged: " + what, origin + (long) next * Short.BYTES);
    }
  }
}
