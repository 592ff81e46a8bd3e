package dev.tessera.transform;

import java.util.Arrays;

/**
 * A small adaptive binary range coder for the few numbers that describe a normalizer, encoder and
 * decoder side by side. Carry-propagating range coding after G. N. N. Martin, "Range encoding",
 * 1979, with 32-bit state; each context estimates its probability by the mean of what it saw and
 * turns into an exponential average after {@value #MEMORY} bits.
 *
 * <p>Of the four bytes that end a stream, trailing zeros are not stored: the decoder reads zeros
 * past the end.
 */
final class AdaptiveBits {
  /** Number of bits after which a context forgets at a constant rate. */
  static final int MEMORY = 16;

  /**
   * A probability stays this far (in 2^−16) from 0 and 1, so no decision costs less than 0.0227
   * bit.
   */
  private static final int MARGIN = 1 << 10;

  private static final int MAX_MISSING = 4;
  private static final long MASK = 0xffff_ffffL;
  private static final long RENORMALIZE = 1L << 24;

  private AdaptiveBits() {}

  /** The running estimate behind one kind of decision. */
  static final class Context {
    private int zero = 1 << 15;
    private int seen;

    private void update(int bit) {
      int target = bit == 0 ? 1 << 16 : 0;
      zero += 2 * (target - zero) / (2 * seen + 3);
      zero = Math.max(MARGIN, Math.min((1 << 16) - MARGIN, zero));
      seen = Math.min(seen + 1, MEMORY);
    }
  }

  /**
   * Contexts of a signed integer: is it zero, its number of digits in unary, its second leading
   * digit; the rest are even odds.
   */
  static final class IntegerContext {
    private final Context nonzero = new Context();
    private final Context[] longer = contexts(Long.SIZE);
    private final Context[] second = contexts(Long.SIZE);
  }

  /** An array of fresh contexts. */
  static Context[] contexts(int count) {
    Context[] contexts = new Context[count];
    Arrays.setAll(contexts, i -> new Context());
    return contexts;
  }

  /** Writes decisions. */
  static final class Encoder {
    private byte[] bytes = new byte[64];
    private int length;
    private long low;
    private long range = MASK;

    void bit(Context context, int bit) {
      split(context.zero, bit);
      context.update(bit);
    }

    /** The {@code count} low bits of {@code value}, most significant first, at even odds. */
    void bits(long value, int count) {
      for (int i = count - 1; i >= 0; i--) {
        split(1 << 15, (int) (value >>> i) & 1);
      }
    }

    /** A signed integer of at most 62 bits. */
    void integer(IntegerContext context, long value) {
      bit(context.nonzero, value == 0 ? 0 : 1);
      if (value == 0) {
        return;
      }
      bits(value < 0 ? 1 : 0, 1);
      long magnitude = Math.abs(value);
      int digits = Long.SIZE - Long.numberOfLeadingZeros(magnitude);
      for (int i = 1; i < digits; i++) {
        bit(context.longer[i], 1);
      }
      bit(context.longer[digits], 0);
      if (digits > 1) {
        bit(context.second[digits], (int) (magnitude >>> (digits - 2)) & 1);
        bits(magnitude, digits - 2);
      }
    }

    private void split(int zero, int bit) {
      long bound = (range >>> 16) * zero;
      if (bit == 0) {
        range = bound;
      } else {
        low += bound;
        range -= bound;
      }
      carry();
      while (range < RENORMALIZE) {
        put((byte) (low >>> 24));
        low = (low << 8) & MASK;
        range <<= 8;
      }
    }

    private void carry() {
      if (low > MASK) {
        low &= MASK;
        int i = length - 1;
        while (++bytes[i] == 0) {
          i--;
        }
      }
    }

    private void put(byte value) {
      if (length == bytes.length) {
        bytes = Arrays.copyOf(bytes, 2 * length);
      }
      bytes[length++] = value;
    }

    /** The shortest bytes that decode to what was written. */
    byte[] finish() {
      for (int shift = 32; shift >= 0; shift--) {
        long mask = (1L << shift) - 1;
        long candidate = (low + mask) & ~mask;
        if (candidate < low + range) {
          low = candidate;
          break;
        }
      }
      carry();
      for (int shift = 24; shift >= 0; shift -= 8) {
        put((byte) (low >>> shift));
      }
      int shortest = length - MAX_MISSING;
      while (length > shortest && bytes[length - 1] == 0) {
        length--;
      }
      return Arrays.copyOf(bytes, length);
    }
  }

  /** Reads decisions back, in the same order and with the same contexts. */
  static final class Decoder {
    private final byte[] bytes;
    private int next;
    private long code;
    private long range = MASK;

    /** A decoder of the bytes from {@code start} to the end of the array. */
    Decoder(byte[] bytes, int start) {
      this.bytes = bytes;
      this.next = start;
      for (int i = 0; i < 4; i++) {
        code = code << 8 | nextByte();
      }
    }

    int bit(Context context) {
      int bit = split(context.zero);
      context.update(bit);
      return bit;
    }

    long bits(int count) {
      long value = 0;
      for (int i = 0; i < count; i++) {
        value = value << 1 | split(1 << 15);
      }
      return value;
    }

    /** A signed integer; {@link Long#MIN_VALUE} where the bytes hold none of at most 62 bits. */
    long integer(IntegerContext context) {
      if (bit(context.nonzero) == 0) {
        return 0;
      }
      boolean negative = bits(1) == 1;
      int digits = 1;
      while (bit(context.longer[digits]) == 1) {
        if (++digits > 62) {
          return Long.MIN_VALUE;
        }
      }
      long magnitude = 1;
      if (digits > 1) {
        magnitude = 2 | bit(context.second[digits]);
        magnitude = magnitude << (digits - 2) | bits(digits - 2);
      }
      return negative ? -magnitude : magnitude;
    }

    /**
     * Whether what was read is as long as the bytes, up to the zeros that an encoder leaves out.
     */
    boolean exhausted() {
      return next >= bytes.length && next - bytes.length <= MAX_MISSING;
    }

    private int split(int zero) {
      long bound = (range >>> 16) * zero;
      int bit;
      if (code < bound) {
        range = bound;
        bit = 0;
      } else {
        code -= bound;
        range -= bound;
        bit = 1;
      }
      while (range < RENORMALIZE) {
        code = (code << 8 | nextByte()) & MASK;
        range <<= 8;
      }
      return bit;
    }

    private int nextByte() {
      int value = next < bytes.length ? bytes[next] & 0xff : 0;
      next++;
      return value;
    }
  }
}
