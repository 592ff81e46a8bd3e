package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The types of a stored tensor's values, under their names in safetensors and PyTorch, with the
 * conversion to and from the two types that a {@link Tensor} has.
 */
enum ScalarType {
  F64(8, "DoubleStorage"),
  F32(4, "FloatStorage"),
  F16(2, "HalfStorage"),
  BF16(2, "BFloat16Storage"),
  I64(8, "LongStorage"),
  I32(4, "IntStorage"),
  I16(2, "ShortStorage"),
  I8(1, "CharStorage"),
  U8(1, "ByteStorage"),
  BOOL(1, "BoolStorage");

  private static final ValueLayout.OfFloat LITTLE_FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort LITTLE_SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt LITTLE_INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final int bytes;
  private final String torchStorage;

  ScalarType(int bytes, String torchStorage) {
    this.bytes = bytes;
    this.torchStorage = torchStorage;
  }

  /** Bytes of a value. */
  int bytes() {
    return bytes;
  }

  /** Name of the storage class in PyTorch's module {@code torch}. */
  String torchStorage() {
    return torchStorage;
  }

  /** Whether values of this type become {@link Tensor.Floats}. */
  boolean isReal() {
    return switch (this) {
      case F64, F32, F16, BF16 -> true;
      case I64, I32, I16, I8, U8, BOOL -> false;
    };
  }

  /**
   * Reads a strided tensor.
   *
   * @param data holds every element; element 0 at its start
   * @param strides in elements, non-negative
   * @throws TesseraException.Corrupt if a 64-bit integer does not fit into 32 bits
   */
  Tensor read(MemorySegment data, ByteOrder order, int[] shape, long[] strides) {
    int size = Math.toIntExact(TensorShape.size(shape));
    boolean contiguous = Arrays.equals(strides, TensorShape.contiguousStrides(shape));
    if (contiguous && this == F32) {
      float[] values = new float[size];
      MemorySegment.copy(
          data, ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(order), 0, values, 0, size);
      return new Tensor.Floats(shape, values);
    }
    if (contiguous && this == F16) {
      short[] halves = new short[size];
      MemorySegment.copy(
          data, ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), 0, halves, 0, size);
      return new Tensor.Floats(shape, toFloats(halves));
    }
    if (isReal()) {
      float[] values = new float[size];
      TensorShape.forEachOffset(
          shape, strides, (i, offset) -> values[i] = real(data, offset * bytes, order));
      return new Tensor.Floats(shape, values);
    }
    int[] values = new int[size];
    TensorShape.forEachOffset(
        shape, strides, (i, offset) -> values[i] = integer(data, offset * bytes, order));
    return new Tensor.Ints(shape, values);
  }

  private static float[] toFloats(short[] halves) {
    float[] values = new float[halves.length];
    for (int i = 0; i < halves.length; i++) {
      values[i] = Float.float16ToFloat(halves[i]);
    }
    return values;
  }

  private float real(MemorySegment data, long at, ByteOrder order) {
    return switch (this) {
      case F64 -> (float) data.get(ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(order), at);
      case F32 -> data.get(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(order), at);
      case F16 ->
          Float.float16ToFloat(data.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at));
      case BF16 ->
          Float.intBitsToFloat(
              data.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at) << 16);
      case I64, I32, I16, I8, U8, BOOL -> throw new IllegalStateException(this + " is not real");
    };
  }

  private int integer(MemorySegment data, long at, ByteOrder order) {
    return switch (this) {
      case I64 -> {
        long value = data.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), at);
        if (value != (int) value) {
          throw new TesseraException.Corrupt(
              "the model holds the integer " + value + ", which no table can contain", -1);
        }
        yield (int) value;
      }
      case I32 -> data.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), at);
      case I16 -> data.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at);
      case I8 -> data.get(ValueLayout.JAVA_BYTE, at);
      case U8, BOOL -> Byte.toUnsignedInt(data.get(ValueLayout.JAVA_BYTE, at));
      case F64, F32, F16, BF16 -> throw new IllegalStateException(this + " is not an integer");
    };
  }

  /**
   * Writes a tensor's values little-endian, in C order.
   *
   * @throws IllegalArgumentException if this is neither {@link #F32}, {@link #F16} nor {@link
   *     #I32}, or not of the tensor's kind
   */
  void write(Tensor tensor, MemorySegment target, long at) {
    switch (tensor) {
      case Tensor.Floats floats when this == F32 -> {
        for (float value : floats.values()) {
          target.set(LITTLE_FLOAT, at, value);
          at += Float.BYTES;
        }
      }
      case Tensor.Floats floats when this == F16 -> {
        for (float value : floats.values()) {
          target.set(LITTLE_SHORT, at, Float.floatToFloat16(value));
          at += Short.BYTES;
        }
      }
      case Tensor.Ints ints when this == I32 -> {
        for (int value : ints.values()) {
          target.set(LITTLE_INT, at, value);
          at += Integer.BYTES;
        }
      }
      default -> throw new IllegalArgumentException(tensor.getClass() + " as " + this);
    }
  }
}
