package dev.tessera.io;

import dev.tessera.field.TesseraException;
import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * How a strip or tile is packed: the lossless compressions of TIFF 6.0 (PackBits in section 9, LZW
 * in 13), deflate and zstd of later supplements, and the two predictors (section 14 and Adobe's
 * Technical Note 3), decoded into arrays of known size.
 */
final class TiffCompression {
  static final int NONE = 1;
  private static final int LZW = 5;
  private static final int ADOBE_DEFLATE = 8;
  private static final int DEFLATE = 32946;
  private static final int PACKBITS = 32773;
  private static final int ZSTD = 50000;

  private static final int LZW_CLEAR = 256;
  private static final int LZW_END = 257;
  private static final int LZW_CODES = 4096;

  private TiffCompression() {}

  /**
   * @throws TesseraException.Unsupported if the compression cannot be decoded here
   */
  static void check(long compression) {
    switch ((int) compression) {
      case NONE, LZW, ADOBE_DEFLATE, DEFLATE, PACKBITS, ZSTD -> {}
      default ->
          throw new TesseraException.Unsupported(
              "TIFF compression "
                  + compression
                  + " ("
                  + name(compression)
                  + ") is not read here: save the file uncompressed or with LZW, deflate or zstd");
    }
  }

  private static String name(long compression) {
    return switch ((int) compression) {
      case 2, 3, 4 -> "fax";
      case 6, 7 -> "JPEG";
      case 32809, 34676, 34677 -> "SGI or ThunderScan";
      case 33003, 33005, 34712 -> "JPEG 2000";
      case 34887 -> "LERC";
      case 34925 -> "LZMA";
      case 50001, 34927 -> "WebP";
      case 50002 -> "JPEG XL";
      default -> "unknown";
    };
  }

  /** The most bytes that one compressed byte can stand for, so that sizes can be checked first. */
  static long maxRatio(long compression) {
    return switch ((int) compression) {
      case NONE -> 1;
      case PACKBITS -> 64;
      case LZW -> 4096;
      case ADOBE_DEFLATE, DEFLATE -> 1032;
      default -> 1L << 20;
    };
  }

  /**
   * Decodes one strip or tile.
   *
   * @param size bytes expected; what is packed beyond them is ignored
   * @throws TesseraException.Corrupt if fewer come out
   */
  static byte[] decode(long compression, byte[] packed, int size) {
    byte[] out = new byte[size];
    int filled =
        switch ((int) compression) {
          case PACKBITS -> unpackBits(packed, out);
          case LZW -> unpackLzw(packed, out);
          case ADOBE_DEFLATE, DEFLATE -> inflate(packed, out);
          case ZSTD -> unpackZstd(packed, out);
          default -> throw new IllegalArgumentException("compression " + compression);
        };
    if (filled < size) {
      throw new TesseraException.Corrupt(
          "a strip or tile of the TIFF file holds " + filled + " of " + size + " bytes", -1);
    }
    return out;
  }

  private static int unpackBits(byte[] packed, byte[] out) {
    int at = 0;
    int in = 0;
    while (in + 1 < packed.length && at < out.length) {
      int head = packed[in++];
      if (head >= 0) {
        int count = Math.min(head + 1, Math.min(packed.length - in, out.length - at));
        System.arraycopy(packed, in, out, at, count);
        in += head + 1;
        at += count;
      } else if (head != -128) {
        int end = Math.min(out.length, at + 1 - head);
        Arrays.fill(out, at, end, packed[in++]);
        at = end;
      }
    }
    return at;
  }

  /**
   * Every code but the first after a clear adds a string: the previous code's and one byte. A
   * string is kept as its place in the output, where it was written when its code was made.
   */
  private static int unpackLzw(byte[] packed, byte[] out) {
    int[] start = new int[LZW_CODES];
    int[] length = new int[LZW_CODES];
    int next = LZW_END + 1;
    int bits = 9;
    int previous = -1;
    int previousStart = 0;
    int previousLength = 0;
    int at = 0;
    long position = 0;
    while (position + bits <= 8L * packed.length && at < out.length) {
      int code = lzwCode(packed, position, bits);
      position += bits;
      if (code == LZW_END) {
        break;
      }
      if (code == LZW_CLEAR) {
        next = LZW_END + 1;
        bits = 9;
        previous = -1;
        continue;
      }
      if (code > LZW_END && (previous < 0 || code > next || code >= LZW_CODES)) {
        throw new TesseraException.Corrupt(
            "a strip or tile of the TIFF file has a bad LZW code", -1);
      }
      if (previous >= 0 && next < LZW_CODES) {
        // Reaches one byte past the previous string: the byte that comes next in the output.
        start[next] = previousStart;
        length[next] = previousLength + 1;
        next++;
      }
      int from = at;
      int count = code < LZW_CLEAR ? 1 : Math.min(length[code], out.length - at);
      if (code < LZW_CLEAR) {
        out[at] = (byte) code;
      } else {
        for (int i = 0; i < count; i++) {
          out[at + i] = out[start[code] + i];
        }
      }
      at += count;
      previous = code;
      previousStart = from;
      previousLength = count;
      // The width grows one code early (section 13), a bug of the first writers made law.
      bits = next >= 2047 ? 12 : next >= 1023 ? 11 : next >= 511 ? 10 : 9;
    }
    return at;
  }

  private static int lzwCode(byte[] packed, long position, int bits) {
    int at = (int) (position >>> 3);
    int window = (packed[at] & 0xff) << 16;
    window |= at + 1 < packed.length ? (packed[at + 1] & 0xff) << 8 : 0;
    window |= at + 2 < packed.length ? packed[at + 2] & 0xff : 0;
    return window >>> 24 - bits - (int) (position & 7) & (1 << bits) - 1;
  }

  private static int inflate(byte[] packed, byte[] out) {
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(packed);
      int at = 0;
      while (at < out.length && !inflater.finished()) {
        int count = inflater.inflate(out, at, out.length - at);
        if (count == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
          break;
        }
        at += count;
      }
      return at;
    } catch (DataFormatException e) {
      throw new TesseraException.Corrupt("a strip or tile of the TIFF file is damaged", -1, e);
    } finally {
      inflater.end();
    }
  }

  private static int unpackZstd(byte[] packed, byte[] out) {
    try {
      return new ZstdJavaDecompressor().decompress(packed, 0, packed.length, out, 0, out.length);
    } catch (RuntimeException e) {
      throw new TesseraException.Corrupt("a strip or tile of the TIFF file is damaged", -1, e);
    }
  }

  /**
   * Undoes predictor 2: samples are differences from the pixel to the left.
   *
   * @param rowBytes bytes of a row
   * @param bytes bytes of a sample
   * @param samples interleaved samples of a pixel
   */
  static void addDifferences(byte[] data, int rowBytes, int bytes, int samples, boolean bigEndian) {
    int step = bytes * samples;
    for (int row = 0; row + rowBytes <= data.length; row += rowBytes) {
      for (int at = row + step; at + bytes <= row + rowBytes; at += bytes) {
        int carry = 0;
        for (int i = 0; i < bytes; i++) {
          int b = bigEndian ? at + bytes - 1 - i : at + i;
          int sum = (data[b] & 0xff) + (data[b - step] & 0xff) + carry;
          data[b] = (byte) sum;
          carry = sum >>> 8;
        }
      }
    }
  }

  /**
   * Undoes predictor 3: each row holds the first bytes of all its floats, then the second bytes …,
   * most significant first, as differences of bytes.
   */
  static void mergeBytePlanes(
      byte[] data, int rowBytes, int bytes, int samples, boolean bigEndian) {
    byte[] planes = new byte[rowBytes];
    int values = rowBytes / bytes;
    for (int row = 0; row + rowBytes <= data.length; row += rowBytes) {
      for (int i = samples; i < rowBytes; i++) {
        data[row + i] += data[row + i - samples];
      }
      System.arraycopy(data, row, planes, 0, rowBytes);
      for (int value = 0; value < values; value++) {
        for (int b = 0; b < bytes; b++) {
          int place = bigEndian ? b : bytes - 1 - b;
          data[row + value * bytes + place] = planes[b * values + value];
        }
      }
    }
  }
}
