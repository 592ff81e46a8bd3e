package dev.tessera.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes one message of the Protocol Buffers wire format, field by field, in the order of the
 * calls. Only the wire types that ONNX uses are here: variable-length integers (0),
 * length-delimited bytes (2) and 32-bit floats (5).
 */
final class ProtobufWriter {
  private static final int VARINT = 0;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED32 = 5;

  private byte[] bytes = new byte[256];
  private int length;

  /** An {@code int64}, {@code int32} or enum field. */
  ProtobufWriter integer(int field, long value) {
    tag(field, VARINT);
    varint(value);
    return this;
  }

  /** A {@code float} field. */
  ProtobufWriter real(int field, float value) {
    tag(field, FIXED32);
    int bits = Float.floatToRawIntBits(value);
    reserve(4);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes[length++] = (byte) (bits >>> shift);
    }
    return this;
  }

  /** A {@code string} field. */
  ProtobufWriter text(int field, String value) {
    return raw(field, value.getBytes(StandardCharsets.UTF_8));
  }

  /** A {@code bytes} field. */
  ProtobufWriter raw(int field, byte[] value) {
    tag(field, LENGTH_DELIMITED);
    varint(value.length);
    reserve(value.length);
    System.arraycopy(value, 0, bytes, length, value.length);
    length += value.length;
    return this;
  }

  /** A {@code bytes} field that holds float32 values, little-endian. */
  ProtobufWriter rawFloats(int field, float[] values) {
    int size = Math.multiplyExact(values.length, Float.BYTES);
    tag(field, LENGTH_DELIMITED);
    varint(size);
    reserve(size);
    ByteBuffer.wrap(bytes, length, size).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    length += size;
    return this;
  }

  /** A field that holds another message. */
  ProtobufWriter message(int field, ProtobufWriter message) {
    tag(field, LENGTH_DELIMITED);
    varint(message.length);
    reserve(message.length);
    System.arraycopy(message.bytes, 0, bytes, length, message.length);
    length += message.length;
    return this;
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes, length);
  }

  private void tag(int field, int wireType) {
    varint((long) field << 3 | wireType);
  }

  private void varint(long value) {
    reserve(10);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      bytes[length++] = (byte) (rest & 0x7F | 0x80);
      rest >>>= 7;
    }
    bytes[length++] = (byte) rest;
  }

  private void reserve(int more) {
    int needed = Math.addExact(length, more);
    if (needed > bytes.length) {
      bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 8L, 2L * needed));
    }
  }
}
