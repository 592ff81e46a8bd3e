package dev.tessera.transform;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What a fitted stage of field scope found, with all bits: nothing, one value, or a pair of
 * numbers.
 *
 * @param kind how many numbers count
 * @param first the constant; the least value; the mean
 * @param second the greatest value; the standard deviation
 */
record FieldRange(Kind kind, double first, double second) {
  enum Kind {
    EMPTY,
    CONSTANT,
    PAIR
  }

  static final FieldRange NOTHING = new FieldRange(Kind.EMPTY, 0, 0);

  static FieldRange constant(double value) {
    return new FieldRange(Kind.CONSTANT, value, 0);
  }

  static FieldRange pair(double first, double second) {
    return new FieldRange(Kind.PAIR, first, second);
  }

  /**
   * One byte for the kind, then its numbers: values of the field as {@code type}, mean and
   * deviation as binary64.
   */
  byte[] encode(DataType type, boolean limits) {
    DataType pairType = limits ? type : DataType.FLOAT64;
    ByteBuffer out =
        ByteBuffer.allocate(17).order(ByteOrder.LITTLE_ENDIAN).put((byte) kind.ordinal());
    switch (kind) {
      case EMPTY -> {}
      case CONSTANT -> put(out, type, first);
      case PAIR -> {
        put(out, pairType, first);
        put(out, pairType, second);
      }
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  private static void put(ByteBuffer out, DataType type, double value) {
    long bits = type.bitsOf(value);
    for (int i = 0; i < type.bytes(); i++) {
      out.put((byte) (bits >>> (8 * i)));
    }
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws TesseraException.Corrupt if the bytes are none of these
   */
  static FieldRange decode(DataType type, boolean limits, byte[] bytes) {
    DataType pairType = limits ? type : DataType.FLOAT64;
    int kind = bytes.length == 0 ? -1 : bytes[0];
    if (kind == 0 && bytes.length == 1) {
      return NOTHING;
    }
    if (kind == 1 && bytes.length == 1 + type.bytes()) {
      return constant(get(bytes, 1, type));
    }
    if (kind == 2 && bytes.length == 1 + 2 * pairType.bytes()) {
      double first = get(bytes, 1, pairType);
      double second = get(bytes, 1 + pairType.bytes(), pairType);
      if (limits ? first >= second : second <= 0) {
        throw corrupt("describe an empty range");
      }
      return pair(first, second);
    }
    throw corrupt("have a wrong length or kind");
  }

  private static double get(byte[] bytes, int at, DataType type) {
    long bits = 0;
    for (int i = 0; i < type.bytes(); i++) {
      bits |= (bytes[at + i] & 0xffL) << (8 * i);
    }
    double value = type.valueOf(bits);
    if (!Double.isFinite(value)) {
      throw corrupt("hold a number that is not finite");
    }
    return value;
  }

  private static TesseraException.Corrupt corrupt(String fault) {
    return new TesseraException.Corrupt(
        "the normalizer's stored numbers " + fault + ": the file is damaged", -1);
  }
}
