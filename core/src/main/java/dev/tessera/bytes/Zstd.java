package dev.tessera.bytes;

import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;
import java.util.Arrays;

/**
 * Zstandard (RFC 8878) for small side data, with a leading byte that says whether it was used: 0
 * plain, 1 Zstandard.
 */
public final class Zstd {
  private static final int PLAIN = 0;
  private static final int PACKED = 1;
  private static final int MAX_BLOCK = 128 << 10;

  private Zstd() {}

  /** The smaller of the two forms. */
  public static byte[] pack(byte[] plain) {
    ZstdJavaCompressor zstd = new ZstdJavaCompressor();
    byte[] packed = new byte[zstd.maxCompressedLength(plain.length)];
    int length = zstd.compress(plain, 0, plain.length, packed, 0, packed.length);
    boolean smaller = length < plain.length;
    byte[] out = new byte[(smaller ? length : plain.length) + 1];
    out[0] = (byte) (smaller ? PACKED : PLAIN);
    System.arraycopy(smaller ? packed : plain, 0, out, 1, out.length - 1);
    return out;
  }

  /**
   * The inverse of {@link #pack}.
   *
   * @param limit more bytes than this cannot be meant
   * @param what name of the data for messages
   * @throws dev.tessera.field.TesseraException.Corrupt if the bytes are damaged or unpack to more
   *     than {@code limit}
   */
  public static byte[] unpack(byte[] data, long limit, String what) {
    ByteReader in = new ByteReader(data, what);
    int form = in.u8();
    if (form == PLAIN) {
      return Arrays.copyOfRange(data, 1, data.length);
    }
    if (form != PACKED) {
      throw in.corrupt("is packed in an unknown form");
    }
    try {
      ZstdJavaDecompressor zstd = new ZstdJavaDecompressor();
      long size = zstd.getDecompressedSize(data, 1, data.length - 1);
      // a block takes at least four bytes of the frame and gives at most 128 KiB
      long possible = (data.length / 4 + 1L) * MAX_BLOCK;
      if (size < 0 || size > Math.min(Math.min(limit, possible), Integer.MAX_VALUE - 64)) {
        throw in.corrupt("unpacks to an impossible size");
      }
      byte[] plain = new byte[(int) size];
      if (zstd.decompress(data, 1, data.length - 1, plain, 0, plain.length) != size) {
        throw in.corrupt("unpacks to another size than it says");
      }
      return plain;
    } catch (MalformedInputException
        | IllegalArgumentException
        | IllegalStateException // of a frame that does not state its size
        | IndexOutOfBoundsException e) {
      throw in.corrupt("is damaged");
    }
  }
}
