package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.TesseraException;
import java.util.OptionalLong;

/** Declared fill values as bit patterns of a field's type. */
final class FillValues {
  private FillValues() {}

  /**
   * The field with the fill value that the user states, where one is stated.
   *
   * @throws TesseraException.Invalid if the field's type has no such value
   */
  static FieldInfo override(FieldInfo info, OpenOptions options) {
    if (options.fill().isEmpty()) {
      return info;
    }
    double value = options.fill().getAsDouble();
    if (ofNumber(info.type(), value).isEmpty()) {
      throw new TesseraException.Invalid(
          "the fill value "
              + value
              + " cannot occur in "
              + info.type().code()
              + " data: give one that the type can hold");
    }
    return info.withFill(value);
  }

  /** The bit pattern of a number, if the type can hold it; float32 takes the nearest. */
  static OptionalLong ofNumber(DataType type, double value) {
    boolean holds =
        type.isFloat() || (value == Math.rint(value) && value >= type.min() && value <= type.max());
    // 2^63 is INT64.max() as a double, but one more than an INT64 can be.
    boolean tooLarge = type == DataType.INT64 && value >= 0x1p63;
    return holds && !tooLarge ? OptionalLong.of(type.bitsOf(value)) : OptionalLong.empty();
  }

  /** The bit pattern of an integer, if the type can hold it. */
  static OptionalLong ofInteger(DataType type, long value) {
    if (type == DataType.INT64) {
      return OptionalLong.of(value);
    }
    return ofNumber(type, value);
  }

  /** The declared fill value as an integer; the field's type is an integer type. */
  static long integer(FieldInfo info) {
    long bits = info.fillBits().orElseThrow();
    return switch (info.type()) {
      case INT8 -> (byte) bits;
      case INT16 -> (short) bits;
      case INT32 -> (int) bits;
      default -> bits;
    };
  }
}
