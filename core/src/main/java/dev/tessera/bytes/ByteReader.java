package dev.tessera.bytes;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Reads what {@link ByteWriter} writes from bytes that may be damaged: whatever does not fit throws
 * {@link TesseraException.Corrupt} with its offset, and no length is believed before it has been
 * compared with what is left.
 */
public final class ByteReader {
  private final MemorySegment data;
  private final long base;
  private final String what;
  private long at;

  /**
   * @param data the bytes to read
   * @param base offset of {@code data} in its file, for messages
   * @param what name of what is read, for messages: {@code "the header"}
   */
  public ByteReader(MemorySegment data, long base, String what) {
    this.data = data;
    this.base = base;
    this.what = what;
  }

  /** Over an array that stands for itself. */
  public ByteReader(byte[] data, String what) {
    this(MemorySegment.ofArray(data), 0, what);
  }

  /** One byte, 0 to 255. */
  public int u8() {
    require(1);
    return data.get(ValueLayout.JAVA_BYTE, at++) & 0xff;
  }

  /** A little-endian unsigned number of up to 8 bytes. */
  public long bits(int bytes) {
    require(bytes);
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (data.get(ValueLayout.JAVA_BYTE, at++) & 0xffL) << (8 * i);
    }
    return value;
  }

  /** A variable-length integer, at most 2^63 − 1. */
  public long varint() {
    long value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      int next = u8();
      value |= (next & 0x7fL) << shift;
      if (next < 0x80) {
        return value;
      }
    }
    throw corrupt("holds a number of more than 63 bits");
  }

  /** A variable-length integer between 0 and {@code max}. */
  public int varint(int max) {
    long value = varint();
    if (value > max) {
      throw corrupt("holds " + value + " where at most " + max + " makes sense");
    }
    return (int) value;
  }

  /** {@code count} bytes as they are. */
  public byte[] raw(long count) {
    return segment(count).toArray(ValueLayout.JAVA_BYTE);
  }

  /** {@code count} bytes in place, without copying. */
  public MemorySegment segment(long count) {
    require(count);
    MemorySegment part = data.asSlice(at, count);
    at += count;
    return part;
  }

  /** A block: a varint length and that many bytes. */
  public byte[] block() {
    return raw(varint());
  }

  /** UTF-8 text as a block. */
  public String text() {
    return new String(block(), StandardCharsets.UTF_8);
  }

  /** Number of bytes left. */
  public long remaining() {
    return data.byteSize() - at;
  }

  /** Position within the data. */
  public long position() {
    return at;
  }

  /** Fails unless everything has been read. */
  public void expectEnd() {
    if (remaining() != 0) {
      throw corrupt("has " + remaining() + " bytes too many");
    }
  }

  /** An exception for the current position. */
  public TesseraException.Corrupt corrupt(String problem) {
    return new TesseraException.Corrupt(what + " " + problem, base + at);
  }

  private void require(long count) {
    if (count < 0 || count > remaining()) {
      throw corrupt("is cut short");
    }
  }
}
