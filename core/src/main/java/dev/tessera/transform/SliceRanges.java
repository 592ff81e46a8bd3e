package dev.tessera.transform;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.util.Arrays;

/**
 * The affine map of each slice in compact form, about one byte a slice. A slice is empty (no valid
 * value), constant (one value, kept exactly), or a pair offset = n·2^e, width = r·2^e of integers n
 * and 2^7 ≤ r < 2^8: about eight significant bits of width, and an offset on the same grid. For
 * limits the pair is widened outward, so that they stay inside (by 0.05 dB on average).
 *
 * <p>Coding, slice by slice: what kind it is; for a pair the difference of e·2^7 + r − 2^7 (a
 * piecewise linear logarithm of the width) from that of the last pair, then the difference of n
 * from the last offset in the new unit. See docs/FORMAT.md.
 */
final class SliceRanges {
  /** Significant bits of a width after its leading one. */
  static final int PRECISION = 7;

  /**
   * The most slices that are measured one by one; beyond, the ranges would outweigh what they
   * bring.
   */
  static final long MAX_SLICES = 1 << 22;

  /** No slice costs less than 1/256 of a byte. */
  private static final long SLICES_PER_BYTE = 256;

  private static final int LEAST = 1 << PRECISION;
  private static final int EMPTY = Integer.MIN_VALUE;
  private static final int CONSTANT = Integer.MIN_VALUE + 1;
  private static final int MIN_EXPONENT = -1074;
  private static final int MAX_EXPONENT = 1018;
  private static final int FIRST_EXPONENT_BITS = 12;
  private static final long MAX_UNITS = 1L << 53;

  /** A quarter of the farthest offset, with room for widening. */
  private static final double MAX_QUARTER = 0x1p1023;

  // widths[s]: EMPTY, CONSTANT, or e·2^7 + r − 2^7; offsets[s]: n, or the bits of the constant
  private final int[] widths;
  private final long[] offsets;

  /** Ranges of {@code slices} slices, all empty. */
  SliceRanges(int slices) {
    widths = new int[slices];
    Arrays.fill(widths, EMPTY);
    offsets = new long[slices];
  }

  void setConstant(int slice, double value) {
    widths[slice] = CONSTANT;
    offsets[slice] = Double.doubleToRawLongBits(value);
  }

  /** Sets the narrowest pair that encloses {@code low} and {@code high}; {@code low < high}. */
  void setEnclosing(int slice, double low, double high) {
    double width = high - low;
    int e = Double.isFinite(width) ? exponent(width) : exponent(high / 4 - low / 4) + 2;
    e = Math.max(Math.max(MIN_EXPONENT, e - PRECISION), ulpExponent(low, high));
    long n = floor(low, e);
    long r = -floor(-high, e) - n;
    while (r >= 2 * LEAST) {
      e++;
      n = floor(low, e);
      r = -floor(-high, e) - n;
    }
    set(slice, n, Math.max(r, LEAST), e);
  }

  /**
   * Sets the pair nearest to a center and a width (a mean and a standard deviation); {@code width >
   * 0}.
   */
  void setNearest(int slice, double center, double width) {
    int e = Math.max(MIN_EXPONENT, exponent(width) - PRECISION);
    e = Math.max(e, ulpExponent(center, center));
    long r = (long) Math.rint(unscale(width, e));
    if (r >= 2 * LEAST) {
      e++;
      r = LEAST;
    }
    set(slice, (long) Math.rint(unscale(center, e)), Math.max(r, LEAST), e);
  }

  private void set(int slice, long n, long r, int e) {
    widths[slice] = e * LEAST + (int) (r - LEAST);
    offsets[slice] = n;
  }

  private static long floor(double value, int e) {
    return (long) Math.floor(unscale(value, e));
  }

  /** value / 2^e, exactly. */
  private static double unscale(double value, int e) {
    return Math.scalb(value, -e);
  }

  /**
   * The e below which a multiple of 2^e as large as the larger value would have more than 53 bits.
   */
  private static int ulpExponent(double a, double b) {
    return Math.max(MIN_EXPONENT, exponent(Math.max(Math.abs(a), Math.abs(b))) - 52);
  }

  private static int exponent(double value) {
    return value < Double.MIN_NORMAL
        ? value == 0 ? MIN_EXPONENT : Math.getExponent(value * 0x1p54) - 54
        : Math.getExponent(value);
  }

  boolean isEmpty(int slice) {
    return widths[slice] == EMPTY;
  }

  boolean isConstant(int slice) {
    return widths[slice] == CONSTANT;
  }

  double constant(int slice) {
    return Double.longBitsToDouble(offsets[slice]);
  }

  /** The map of a slice that is neither empty nor constant. */
  Affine affine(int slice) {
    int width = widths[slice];
    return Affine.ofUnits(offsets[slice], Math.floorMod(width, LEAST) + LEAST, exponentOf(width));
  }

  /**
   * The state that encoder and decoder share: contexts, and what the last pair and the last
   * constant were.
   */
  private static final class State {
    final AdaptiveBits.Context[] unlikeRange = AdaptiveBits.contexts(3);
    final AdaptiveBits.Context[] empty = AdaptiveBits.contexts(3);
    final AdaptiveBits.Context newConstant = new AdaptiveBits.Context();
    final AdaptiveBits.IntegerContext firstOffset = new AdaptiveBits.IntegerContext();
    final AdaptiveBits.IntegerContext width = new AdaptiveBits.IntegerContext();
    final AdaptiveBits.IntegerContext offset = new AdaptiveBits.IntegerContext();
    int kind;
    boolean first = true;
    int lastWidth;
    long lastOffset;
    long lastConstant;

    /** The last offset in units of 2^e, for the e of the given width. */
    long predictedOffset(int width) {
      int shift = exponentOf(lastWidth) - exponentOf(width);
      double offset = Math.rint(Math.scalb((double) lastOffset, shift));
      return (long) Math.max(-MAX_UNITS, Math.min(MAX_UNITS, offset));
    }

    void remember(int width, long offset) {
      first = false;
      lastWidth = width;
      lastOffset = offset;
    }
  }

  /** The ranges as bytes; constants have the size of {@code type}. */
  byte[] encode(DataType type) {
    AdaptiveBits.Encoder out = new AdaptiveBits.Encoder();
    State state = new State();
    for (int s = 0; s < widths.length; s++) {
      int kind = widths[s] == EMPTY ? 2 : widths[s] == CONSTANT ? 1 : 0;
      out.bit(state.unlikeRange[state.kind], kind == 0 ? 0 : 1);
      if (kind != 0) {
        out.bit(state.empty[state.kind], kind - 1);
      }
      state.kind = kind;
      if (kind == 0) {
        encodePair(out, state, widths[s], offsets[s]);
      } else if (kind == 1) {
        long bits = type.bitsOf(constant(s));
        out.bit(state.newConstant, bits == state.lastConstant ? 0 : 1);
        if (bits != state.lastConstant) {
          out.bits(bits, 8 * type.bytes());
          state.lastConstant = bits;
        }
      }
    }
    return out.finish();
  }

  private static void encodePair(AdaptiveBits.Encoder out, State state, int width, long offset) {
    if (state.first) {
      out.bits(exponentOf(width) - MIN_EXPONENT, FIRST_EXPONENT_BITS);
      out.bits(Math.floorMod(width, LEAST), PRECISION);
      out.integer(state.firstOffset, offset);
    } else {
      out.integer(state.width, width - state.lastWidth);
      out.integer(state.offset, offset - state.predictedOffset(width));
    }
    state.remember(width, offset);
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws TesseraException.Corrupt if the bytes do not describe {@code slices} slices
   */
  static SliceRanges decode(DataType type, long slices, byte[] bytes) {
    if (slices > MAX_SLICES || slices > SLICES_PER_BYTE * (bytes.length + 8L)) {
      throw corrupt("are too few bytes for " + slices + " slices");
    }
    SliceRanges ranges = new SliceRanges((int) slices);
    AdaptiveBits.Decoder in = new AdaptiveBits.Decoder(bytes, 0);
    State state = new State();
    for (int s = 0; s < slices; s++) {
      int kind = in.bit(state.unlikeRange[state.kind]);
      if (kind != 0) {
        kind += in.bit(state.empty[state.kind]);
      }
      state.kind = kind;
      if (kind == 0) {
        ranges.decodePair(in, state, s);
      } else if (kind == 1) {
        if (in.bit(state.newConstant) == 1) {
          state.lastConstant = in.bits(8 * type.bytes());
        }
        double value = type.valueOf(state.lastConstant);
        if (!Double.isFinite(value)) {
          throw corrupt("hold a constant that is not finite");
        }
        ranges.setConstant(s, value);
      }
    }
    if (!in.exhausted()) {
      throw corrupt("do not end with the last of " + slices + " slices");
    }
    return ranges;
  }

  private void decodePair(AdaptiveBits.Decoder in, State state, int slice) {
    long width;
    long offset;
    if (state.first) {
      width = (in.bits(FIRST_EXPONENT_BITS) + MIN_EXPONENT) * LEAST + in.bits(PRECISION);
      offset = in.integer(state.firstOffset);
    } else {
      width = state.lastWidth + in.integer(state.width);
      if (outside(width)) {
        throw corrupt("hold a range outside of all numbers");
      }
      offset = state.predictedOffset((int) width) + in.integer(state.offset);
    }
    boolean wide = offset > MAX_UNITS || offset < -MAX_UNITS;
    if (outside(width)
        || wide
        || Math.scalb((double) Math.abs(offset), exponentOf(width) - 2) > MAX_QUARTER) {
      throw corrupt("hold a range outside of all numbers");
    }
    widths[slice] = (int) width;
    offsets[slice] = offset;
    state.remember((int) width, offset);
  }

  private static boolean outside(long width) {
    return width < MIN_EXPONENT * LEAST || width >= (MAX_EXPONENT + 1) * LEAST;
  }

  private static int exponentOf(long width) {
    return (int) Math.floorDiv(width, LEAST);
  }

  private static TesseraException.Corrupt corrupt(String fault) {
    return new TesseraException.Corrupt(
        "the normalizer's stored numbers " + fault + ": the file is damaged", -1);
  }
}
