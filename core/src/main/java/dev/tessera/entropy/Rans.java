package dev.tessera.entropy;

import static dev.tessera.entropy.RansFormat.DIGIT_BITS;
import static dev.tessera.entropy.RansFormat.DIGIT_MASK;
import static dev.tessera.entropy.RansFormat.FREQUENCY_SHIFT;
import static dev.tessera.entropy.RansFormat.LOWER_BOUND;
import static dev.tessera.entropy.RansFormat.MAX_DIGITS;
import static dev.tessera.entropy.RansFormat.MAX_WORDS;
import static dev.tessera.entropy.RansFormat.SLOT_MASK;
import static dev.tessera.entropy.RansFormat.STATE_WORDS;
import static dev.tessera.entropy.RansFormat.WORD_MASK;
import static dev.tessera.entropy.RansFormat.digits;
import static dev.tessera.entropy.RansFormat.escaped;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;

/**
 * The entropy coder of the compatible profile: Fabian Giesen's rans64 (J. Duda, "Asymmetric numeral
 * systems", arXiv:1311.2540) as CompressAI uses it, byte for byte. 64-bit state of at least 2^31,
 * 32-bit little-endian words, 16-bit probabilities; the encoder runs backward, so that the decoder
 * runs forward.
 *
 * <p>A symbol that its table does not hold is coded as the table's last interval, the escape,
 * followed by 4-bit digits: how many, then the distance from the table, least significant digit
 * first. Distances are unsigned 32-bit numbers and differences wrap around, so every int comes back
 * exactly; CompressAI itself computes them as signed numbers, and the bytes are the same for
 * symbols within ±2^30 of the table.
 */
public final class Rans {
  /** Symbols between two looks at the room left. */
  private static final int CHUNK = 1 << 14;

  private Rans() {}

  /** Encodes streams one after another; holds the bytes of the latest. For one thread at a time. */
  public static final class Encoder {
    /** Lower only where a test has no 4 GiB to spare. */
    int mostWords = MAX_WORDS;

    private int[] words = new int[1 << 10];
    // words[first..] are written; they grow toward the front
    private int first = words.length;

    /**
     * Encodes one stream, of which the bytes are kept until the next call.
     *
     * @param symbols holds the latent, channels × height × width, from {@code base}; any values
     * @param base index of the latent's first symbol
     * @param indexes table of every symbol, parallel to {@code symbols}; null where a symbol's
     *     table is its channel's number
     * @param layout how the latent is cut
     * @param stream which of the layout's streams
     * @param tables the tables
     * @return number of bytes, a multiple of 4 and at least 8
     * @throws TesseraException.Invalid if arrays, layout and tables do not fit together
     * @throws TesseraException.Unsupported if the stream would exceed 4 GiB
     */
    public long encode(
        int[] symbols, int base, int[] indexes, StreamLayout layout, int stream, CdfTables tables) {
      RansFormat.requireFit(symbols, base, indexes, layout, tables);
      StreamRegion region = layout.region(stream);
      int run = region.rows() * layout.width();
      first = words.length;
      long state = LOWER_BOUND;
      for (int c = region.firstChannel() + region.channels() - 1; c >= region.firstChannel(); c--) {
        int start = base + (c * layout.height() + region.firstRow()) * layout.width();
        for (int end = start + run; end > start; ) {
          int from = Math.max(start, end - CHUNK);
          reserve(end - from);
          state =
              indexes == null
                  ? encodeRun(state, symbols, from, end, tables, c)
                  : encodeRun(state, symbols, from, end, tables, indexes);
          end = from;
        }
      }
      reserve(0);
      words[--first] = (int) (state >>> 32);
      words[--first] = (int) state;
      return (long) (words.length - first) * Integer.BYTES;
    }

    /** Copies the bytes of the stream encoded last. */
    public void copyTo(MemorySegment target, long offset) {
      MemorySegment.copy(words, first, target, RansFormat.WORD, offset, words.length - first);
    }

    private long encodeRun(
        long initial, int[] symbols, int from, int to, CdfTables tables, int table) {
      long[] reciprocals = tables.reciprocals;
      long[] steps = tables.steps;
      int interval = tables.firstInterval[table];
      int escape = tables.escapes[table];
      int offset = tables.offsets[table];
      int[] out = words;
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
        long step = steps[interval + value];
        int complement = (int) step >>> 16;
        if ((state >>> FREQUENCY_SHIFT) + complement >= 1 << CdfTables.PRECISION) {
          out[--at] = (int) state;
          state >>>= 32;
        }
        long quotient =
            Math.unsignedMultiplyHigh(state, reciprocals[interval + value]) >>> (int) step;
        state = state + (step >>> 32) + quotient * complement;
      }
      first = at;
      return state;
    }

    private long encodeRun(
        long initial, int[] symbols, int from, int to, CdfTables tables, int[] indexes) {
      long[] reciprocals = tables.reciprocals;
      long[] steps = tables.steps;
      int[] firstInterval = tables.firstInterval;
      int[] escapes = tables.escapes;
      int[] offsets = tables.offsets;
      int[] out = words;
      int at = first;
      long state = initial;
      for (int i = to - 1; i >= from; i--) {
        int table = indexes[i];
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
        int interval = firstInterval[table] + value;
        long step = steps[interval];
        int complement = (int) step >>> 16;
        if ((state >>> FREQUENCY_SHIFT) + complement >= 1 << CdfTables.PRECISION) {
          out[--at] = (int) state;
          state >>>= 32;
        }
        long quotient = Math.unsignedMultiplyHigh(state, reciprocals[interval]) >>> (int) step;
        state = state + (step >>> 32) + quotient * complement;
      }
      first = at;
      return state;
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
      if (state >>> (63 - DIGIT_BITS) != 0) {
        words[--first] = (int) state;
        state >>>= 32;
      }
      return state << DIGIT_BITS | digit;
    }

    /**
     * Makes room for some symbols and the final state. The costliest symbol is an escape of
     * frequency 1 and nine digits, 52 bits, so that two words a symbol are always enough.
     */
    private void reserve(int symbols) {
      int needed = 2 * symbols + 1 + STATE_WORDS;
      if (first >= needed) {
        return;
      }
      int used = words.length - first;
      int[] larger = new int[RansFormat.grown(words.length, used, needed, mostWords)];
      System.arraycopy(words, first, larger, larger.length - used, used);
      words = larger;
      first = larger.length - used;
    }
  }

  /** Decodes streams one after another. For one thread at a time. */
  public static final class Decoder {
    private int[] words = new int[1 << 10];
    private int count;
    private int next;
    private long origin;
    private int escapedValue;

    /**
     * Decodes one stream into its place in the latent; other symbols stay as they are.
     *
     * @param data holds the stream
     * @param offset where the stream begins
     * @param bytes length of the stream
     * @param symbols takes the latent, channels × height × width, from {@code base}
     * @param base index of the latent's first symbol
     * @param indexes table of every symbol, parallel to {@code symbols}; null where a symbol's
     *     table is its channel's number
     * @param layout how the latent is cut
     * @param stream which of the layout's streams
     * @param tables the tables that the stream was encoded with
     * @throws TesseraException.Corrupt if the bytes are not a stream of that many symbols, with the
     *     place in {@code data}; the stream's symbols are undefined then
     * @throws TesseraException.Invalid if arrays, layout and tables do not fit together
     */
    public void decode(
        MemorySegment data,
        long offset,
        long bytes,
        int[] symbols,
        int base,
        int[] indexes,
        StreamLayout layout,
        int stream,
        CdfTables tables) {
      RansFormat.requireFit(symbols, base, indexes, layout, tables);
      StreamRegion region = layout.region(stream);
      int run = region.rows() * layout.width();
      load(data, offset, bytes, (long) region.channels() * run);
      long state = words[0] & WORD_MASK | (long) words[1] << 32;
      if (state < LOWER_BOUND) {
        throw corrupt("it begins with an impossible state");
      }
      next = STATE_WORDS;
      for (int c = region.firstChannel(); c < region.firstChannel() + region.channels(); c++) {
        int start = base + (c * layout.height() + region.firstRow()) * layout.width();
        if (indexes != null) {
          state = decodeRun(state, symbols, start, start + run, tables, indexes);
        } else if (tables.skewed(c)) {
          state = decodeSkewedRun(state, symbols, start, start + run, tables, c);
        } else {
          state = decodeRun(state, symbols, start, start + run, tables, c);
        }
      }
      if (next != count) {
        throw corrupt("its symbols end before its bytes do");
      }
      if (state != LOWER_BOUND) {
        throw corrupt("it ends in a state other than the first");
      }
    }

    private void load(MemorySegment data, long offset, long bytes, long symbols) {
      origin = offset;
      next = 0;
      if (offset < 0 || bytes < 0 || bytes > data.byteSize() - offset) {
        throw corrupt("its " + bytes + " bytes reach past the end of the data");
      }
      if (bytes < STATE_WORDS * Integer.BYTES || bytes % Integer.BYTES != 0) {
        throw corrupt("its length of " + bytes + " bytes is impossible");
      }
      if (bytes / Integer.BYTES > RansFormat.wordsBound(symbols)) {
        throw corrupt("it has " + bytes + " bytes, more than " + symbols + " symbols can take");
      }
      int length = RansFormat.held(words.length, bytes / Integer.BYTES, MAX_WORDS);
      count = (int) (bytes / Integer.BYTES);
      if (words.length < count) {
        words = new int[length];
      }
      MemorySegment.copy(data, RansFormat.WORD, offset, words, 0, count);
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
          symbols[i] = expectedSymbol;
        } else {
          long interval = tables.interval(table, slot);
          state =
              (state >>> CdfTables.PRECISION) * (interval >>> 32) + slot - ((int) interval >>> 16);
          int value = (int) interval & 0xFFFF;
          if (value == escape) {
            state = takeDigits(renormalized(state), escape);
            value = escapedValue;
          }
          symbols[i] = value + offset;
        }
        state = renormalized(state);
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
        state =
            (state >>> CdfTables.PRECISION) * (interval >>> 32) + slot - ((int) interval >>> 16);
        if (state < LOWER_BOUND) {
          state = state << 32 | take();
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
        long initial, int[] symbols, int from, int to, CdfTables tables, int[] indexes) {
      int[] escapes = tables.escapes;
      int[] offsets = tables.offsets;
      long state = initial;
      for (int i = from; i < to; i++) {
        int table = indexes[i];
        if (Integer.compareUnsigned(table, tables.count()) >= 0) {
          throw RansFormat.noSuchTable(table, tables);
        }
        int slot = (int) state & SLOT_MASK;
        long interval = tables.interval(table, slot);
        state =
            (state >>> CdfTables.PRECISION) * (interval >>> 32) + slot - ((int) interval >>> 16);
        if (state < LOWER_BOUND) {
          state = state << 32 | take();
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

    private long take() {
      if (next == count) {
        throw corrupt("its bytes end before its symbols do");
      }
      return words[next++] & WORD_MASK;
    }

    private long takeDigits(long initial, int escape) {
      long state = initial;
      int digits = (int) state & DIGIT_MASK;
      state = dropDigit(state);
      if (digits > MAX_DIGITS) {
        throw corrupt("a symbol outside its table has " + digits + " digits, more than 8");
      }
      int unsigned = 0;
      for (int digit = 0; digit < digits; digit++) {
        unsigned |= ((int) state & DIGIT_MASK) << digit * DIGIT_BITS;
        state = dropDigit(state);
      }
      escapedValue = RansFormat.unescaped(unsigned, escape);
      return state;
    }

    private long dropDigit(long state) {
      return renormalized(state >>> DIGIT_BITS);
    }

    private long renormalized(long state) {
      return state < LOWER_BOUND ? state << 32 | take() : state;
    }

    private TesseraException corrupt(String what) {
      return new TesseraException.Corrupt(
          "an entropy-coded stream is damaged: " + what, origin + (long) next * Integer.BYTES);
    }
  }
}
