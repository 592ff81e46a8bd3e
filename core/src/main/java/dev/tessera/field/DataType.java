package dev.tessera.field;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Element type of a field. In memory elements are always little-endian and unaligned; readers and
 * writers of big-endian formats swap on the way.
 */
public enum DataType {
  INT8("i8", 1, Byte.MIN_VALUE, Byte.MAX_VALUE),
  INT16("i16", 2, Short.MIN_VALUE, Short.MAX_VALUE),
  INT32("i32", 4, Integer.MIN_VALUE, Integer.MAX_VALUE),
  INT64("i64", 8, Long.MIN_VALUE, Long.MAX_VALUE),
  UINT8("u8", 1, 0, 0xff),
  UINT16("u16", 2, 0, 0xffff),
  UINT32("u32", 4, 0, 0xffff_ffffL),
  FLOAT32("f32", 4, -Float.MAX_VALUE, Float.MAX_VALUE),
  FLOAT64("f64", 8, -Double.MAX_VALUE, Double.MAX_VALUE);

  /** Layouts of little-endian elements at any address. */
  public static final ValueLayout.OfShort LE_SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public static final ValueLayout.OfInt LE_INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  public static final ValueLayout.OfLong LE_LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  public static final ValueLayout.OfFloat LE_FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  public static final ValueLayout.OfDouble LE_DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String code;
  private final int bytes;
  private final double min;
  private final double max;

  DataType(String code, int bytes, double min, double max) {
    this.code = code;
    this.bytes = bytes;
    this.min = min;
    this.max = max;
  }

  /** Short name as used in file names and options: {@code f32}, {@code i16}, {@code u8}. */
  public String code() {
    return code;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /** Whether the type is {@code FLOAT32} or {@code FLOAT64}. */
  public boolean isFloat() {
    return this == FLOAT32 || this == FLOAT64;
  }

  /** Smallest finite value, as a double (−2^63 for INT64). */
  public double min() {
    return min;
  }

  /** Largest finite value, as a double (2^63 for INT64, one above its true maximum). */
  public double max() {
    return max;
  }

  /**
   * The type of a short name, of a NumPy-like name ({@code float32}, {@code uint8}, {@code <f4}) or
   * of this enum's own.
   *
   * @throws TesseraException.Invalid if there is no such type
   */
  public static DataType parse(String text) {
    String name = text.strip().toLowerCase(java.util.Locale.ROOT);
    if (name.startsWith("<") || name.startsWith("|") || name.startsWith("=")) {
      name = name.substring(1);
    }
    for (DataType type : values()) {
      if (name.equals(type.code) || name.equals(type.name().toLowerCase(java.util.Locale.ROOT))) {
        return type;
      }
    }
    return switch (name) {
      case "i1" -> INT8;
      case "i2" -> INT16;
      case "i4" -> INT32;
      case "u1" -> UINT8;
      case "u2" -> UINT16;
      case "u4" -> UINT32;
      case "f4", "float" -> FLOAT32;
      case "f8", "double" -> FLOAT64;
      default ->
          throw new TesseraException.Invalid(
              "'" + text + "' is not a type: use i8, i16, i32, i64, u8, u16, u32, f32 or f64");
    };
  }

  /** Element {@code index} of {@code data} as a double; INT64 beyond 2^53 is rounded. */
  public double get(MemorySegment data, long index) {
    return switch (this) {
      case INT8 -> data.get(ValueLayout.JAVA_BYTE, index);
      case UINT8 -> data.get(ValueLayout.JAVA_BYTE, index) & 0xff;
      case INT16 -> data.get(LE_SHORT, index * 2);
      case UINT16 -> data.get(LE_SHORT, index * 2) & 0xffff;
      case INT32 -> data.get(LE_INT, index * 4);
      case UINT32 -> data.get(LE_INT, index * 4) & 0xffff_ffffL;
      case INT64 -> data.get(LE_LONG, index * 8);
      case FLOAT32 -> data.get(LE_FLOAT, index * 4);
      case FLOAT64 -> data.get(LE_DOUBLE, index * 8);
    };
  }

  /**
   * Elements {@code index} to {@code index + count} of {@code data} as doubles, from {@code
   * target[0]} on.
   */
  public void read(MemorySegment data, long index, double[] target, int count) {
    switch (this) {
      // one bulk copy instead of an access with its checks per value
      case FLOAT32 -> {
        float[] values = new float[count];
        MemorySegment.copy(data, LE_FLOAT, index * 4, values, 0, count);
        for (int i = 0; i < count; i++) {
          target[i] = values[i];
        }
      }
      case FLOAT64 -> MemorySegment.copy(data, LE_DOUBLE, index * 8, target, 0, count);
      default -> {
        for (int i = 0; i < count; i++) {
          target[i] = get(data, index + i);
        }
      }
    }
  }

  /** The mirror of {@link #read}, rounding and clamping as {@link #set} does. */
  public void write(MemorySegment data, long index, double[] source, int count) {
    switch (this) {
      case FLOAT32 -> {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
          values[i] = (float) Math.clamp(source[i], min, max);
        }
        MemorySegment.copy(values, 0, data, LE_FLOAT, index * 4, count);
      }
      case FLOAT64 -> MemorySegment.copy(source, 0, data, LE_DOUBLE, index * 8, count);
      default -> {
        for (int i = 0; i < count; i++) {
          set(data, index + i, source[i]);
        }
      }
    }
  }

  /**
   * Stores {@code value} as element {@code index}; integers are rounded half to even and clamped,
   * never wrapped; NaN becomes 0.
   */
  public void set(MemorySegment data, long index, double value) {
    switch (this) {
      case INT8, UINT8 -> data.set(ValueLayout.JAVA_BYTE, index, (byte) toInteger(value));
      case INT16, UINT16 -> data.set(LE_SHORT, index * 2, (short) toInteger(value));
      case INT32, UINT32 -> data.set(LE_INT, index * 4, (int) toInteger(value));
      case INT64 -> data.set(LE_LONG, index * 8, toInteger(value));
      case FLOAT32 -> data.set(LE_FLOAT, index * 4, (float) Math.clamp(value, min, max));
      case FLOAT64 -> data.set(LE_DOUBLE, index * 8, value);
    }
  }

  private long toInteger(double value) {
    return (long) Math.rint(Math.clamp(value, min, max));
  }

  /** The bit pattern of element {@code index}, zero-extended. */
  public long getBits(MemorySegment data, long index) {
    return switch (bytes) {
      case 1 -> data.get(ValueLayout.JAVA_BYTE, index) & 0xffL;
      case 2 -> data.get(LE_SHORT, index * 2) & 0xffffL;
      case 4 -> data.get(LE_INT, index * 4) & 0xffff_ffffL;
      default -> data.get(LE_LONG, index * 8);
    };
  }

  /** Stores a bit pattern as element {@code index}. */
  public void setBits(MemorySegment data, long index, long bits) {
    switch (bytes) {
      case 1 -> data.set(ValueLayout.JAVA_BYTE, index, (byte) bits);
      case 2 -> data.set(LE_SHORT, index * 2, (short) bits);
      case 4 -> data.set(LE_INT, index * 4, (int) bits);
      default -> data.set(LE_LONG, index * 8, bits);
    }
  }

  /**
   * The bit pattern that this type gives {@code value}, as {@link #set} would store it; NaN stays
   * NaN in float types.
   */
  public long bitsOf(double value) {
    MemorySegment cell = MemorySegment.ofArray(new long[1]);
    if (this == FLOAT32) {
      cell.set(LE_FLOAT, 0, (float) value);
    } else {
      set(cell, 0, value);
    }
    return getBits(cell, 0);
  }

  /** The value of a bit pattern of this type. */
  public double valueOf(long bits) {
    MemorySegment cell = MemorySegment.ofArray(new long[] {0});
    setBits(cell, 0, bits);
    return get(cell, 0);
  }
}
