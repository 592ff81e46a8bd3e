package dev.tessera.bytes;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Collects little-endian numbers, variable-length integers and text. The mirror of {@link
 * ByteReader}.
 */
public final class ByteWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** The lowest byte of {@code value}. */
  public ByteWriter u8(int value) {
    out.write(value);
    return this;
  }

  /** The lowest {@code bytes} bytes of {@code value}, lowest first. */
  public ByteWriter bits(long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >>> (8 * i)));
    }
    return this;
  }

  /**
   * An unsigned integer, 7 bits a byte, lowest first, the top bit set in all bytes but the last
   * (LEB128).
   */
  public ByteWriter varint(long value) {
    while ((value & ~0x7fL) != 0) {
      out.write((int) (value & 0x7f | 0x80));
      value >>>= 7;
    }
    out.write((int) value);
    return this;
  }

  /** Bytes as they are. */
  public ByteWriter raw(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  /** A part of a segment as it is. */
  public ByteWriter raw(MemorySegment segment, long from, long count) {
    return raw(segment.asSlice(from, count).toArray(ValueLayout.JAVA_BYTE));
  }

  /** A block: its length as a varint, then the bytes. */
  public ByteWriter block(byte[] bytes) {
    return varint(bytes.length).raw(bytes);
  }

  /** UTF-8 text as a block. */
  public ByteWriter text(String text) {
    return block(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Number of bytes so far. */
  public int size() {
    return out.size();
  }

  /** Forgets what was written. */
  public void reset() {
    out.reset();
  }

  /** A copy of the bytes so far. */
  public byte[] toByteArray() {
    return out.toByteArray();
  }
}
