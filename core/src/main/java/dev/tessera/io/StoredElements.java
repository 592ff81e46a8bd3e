package dev.tessera.io;

import dev.tessera.field.DataType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * How the elements of a field lie in a file: their byte order, and what turns them into the field's
 * own type.
 *
 * @param type the type that they are read as
 * @param order byte order in the file
 * @param form what else differs
 */
record StoredElements(DataType type, ByteOrder order, Form form) {
  /** What differs between the file and the memory, besides the byte order. */
  enum Form {
    PLAIN,
    /** Stored with the opposite sign bit: FITS's unsigned 16 and 32 and signed 8 bit integers. */
    SIGN_FLIPPED,
    /** IEEE 754 half precision, read as float32; it cannot be written. */
    HALF
  }

  static StoredElements plain(DataType type, ByteOrder order) {
    return new StoredElements(type, order, Form.PLAIN);
  }

  /** Bytes of one element in the file. */
  int bytes() {
    return form == Form.HALF ? 2 : type.bytes();
  }

  /** Copies {@code count} consecutive elements of the file into the field's form. */
  void decode(MemorySegment file, long at, MemorySegment target, long targetAt, long count) {
    if (form == Form.HALF) {
      ValueLayout.OfShort half = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order);
      for (long i = 0; i < count; i++) {
        float value = Float.float16ToFloat(file.get(half, at + 2 * i));
        target.set(DataType.LE_FLOAT, targetAt + 4 * i, value);
      }
      return;
    }
    MemorySegment.copy(
        file, layout(order), at, target, layout(ByteOrder.LITTLE_ENDIAN), targetAt, count);
    if (form == Form.SIGN_FLIPPED) {
      flipSigns(target, targetAt, count);
    }
  }

  /** As {@link #decode} for elements that lie {@code stride} bytes apart in the file. */
  void gather(
      MemorySegment file, long at, long stride, MemorySegment target, long targetAt, int count) {
    if (form == Form.HALF) {
      for (int i = 0; i < count; i++) {
        decode(file, at + i * stride, target, targetAt + 4L * i, 1);
      }
      return;
    }
    switch (type.bytes()) {
      case 1 -> {
        for (int i = 0; i < count; i++) {
          byte value = file.get(ValueLayout.JAVA_BYTE, at + i * stride);
          target.set(ValueLayout.JAVA_BYTE, targetAt + i, value);
        }
      }
      case 2 -> {
        ValueLayout.OfShort stored = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order);
        for (int i = 0; i < count; i++) {
          target.set(DataType.LE_SHORT, targetAt + 2L * i, file.get(stored, at + i * stride));
        }
      }
      case 4 -> {
        ValueLayout.OfInt stored = ValueLayout.JAVA_INT_UNALIGNED.withOrder(order);
        for (int i = 0; i < count; i++) {
          target.set(DataType.LE_INT, targetAt + 4L * i, file.get(stored, at + i * stride));
        }
      }
      default -> {
        ValueLayout.OfLong stored = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order);
        for (int i = 0; i < count; i++) {
          target.set(DataType.LE_LONG, targetAt + 8L * i, file.get(stored, at + i * stride));
        }
      }
    }
    if (form == Form.SIGN_FLIPPED) {
      flipSigns(target, targetAt, count);
    }
  }

  /** Copies {@code count} elements of the field's form into the form of the file. */
  void encode(MemorySegment source, long at, MemorySegment file, long fileAt, long count) {
    if (form == Form.HALF) {
      throw new IllegalStateException("half precision is read only");
    }
    MemorySegment.copy(
        source, layout(ByteOrder.LITTLE_ENDIAN), at, file, layout(order), fileAt, count);
    if (form == Form.SIGN_FLIPPED) {
      long lastByte = order == ByteOrder.LITTLE_ENDIAN ? type.bytes() - 1 : 0;
      flipBytes(file, fileAt + lastByte, count);
    }
  }

  private void flipSigns(MemorySegment values, long at, long count) {
    flipBytes(values, at + type.bytes() - 1, count);
  }

  private void flipBytes(MemorySegment bytes, long at, long count) {
    int step = type.bytes();
    for (long i = 0; i < count; i++) {
      byte old = bytes.get(ValueLayout.JAVA_BYTE, at + i * step);
      bytes.set(ValueLayout.JAVA_BYTE, at + i * step, (byte) (old ^ 0x80));
    }
  }

  private ValueLayout layout(ByteOrder byteOrder) {
    return switch (type.bytes()) {
      case 1 -> ValueLayout.JAVA_BYTE;
      case 2 -> ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(byteOrder);
      case 4 -> ValueLayout.JAVA_INT_UNALIGNED.withOrder(byteOrder);
      default -> ValueLayout.JAVA_LONG_UNALIGNED.withOrder(byteOrder);
    };
  }
}
