package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import io.jhdf.object.datatype.EnumDataType;
import io.jhdf.object.datatype.FixedPoint;
import io.jhdf.object.datatype.FloatingPoint;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Datatypes of HDF5 and ours (HDF5 File Format Specification 3.0, IV.A.2.d): which are read as
 * what, and how ours are written. Enumerations are read as their integers, half precision as
 * float32.
 */
final class Hdf5Type {
  private static final int INTEGER_CLASS = 0;
  private static final int FLOAT_CLASS = 1;
  private static final String[] CLASS_NAMES = {
    "integer",
    "float",
    "time",
    "string",
    "bit field",
    "opaque",
    "compound",
    "reference",
    "enumeration",
    "variable-length",
    "array"
  };

  private Hdf5Type() {}

  static boolean isReadable(io.jhdf.object.datatype.DataType type) {
    return elementsOrNull(type) != null;
  }

  /**
   * How values of a type are stored and what they are read as.
   *
   * @throws TesseraException.Unsupported if they have no place in a field
   */
  static StoredElements elements(String dataset, io.jhdf.object.datatype.DataType type) {
    StoredElements elements = elementsOrNull(type);
    if (elements == null) {
      throw new TesseraException.Unsupported(
          "the dataset '"
              + dataset
              + "' holds "
              + name(type)
              + " values, which are not read here: only integers of 8 to 64 bits (unsigned up to"
              + " 32) and floats of 16 to 64 bits are");
    }
    return elements;
  }

  private static StoredElements elementsOrNull(io.jhdf.object.datatype.DataType type) {
    return switch (type) {
      case EnumDataType enumeration -> elementsOrNull(enumeration.getBaseType());
      case FixedPoint integer -> integerElements(integer);
      case FloatingPoint floating -> floatElements(floating);
      default -> null;
    };
  }

  private static StoredElements integerElements(FixedPoint integer) {
    if (integer.getBitOffset() != 0 || integer.getBitPrecision() != 8 * integer.getSize()) {
      return null;
    }
    DataType type =
        switch (integer.getSize()) {
          case 1 -> integer.isSigned() ? DataType.INT8 : DataType.UINT8;
          case 2 -> integer.isSigned() ? DataType.INT16 : DataType.UINT16;
          case 4 -> integer.isSigned() ? DataType.INT32 : DataType.UINT32;
          case 8 -> integer.isSigned() ? DataType.INT64 : null;
          default -> null;
        };
    return type == null ? null : StoredElements.plain(type, integer.getByteOrder());
  }

  private static StoredElements floatElements(FloatingPoint floating) {
    int exponent = floating.getExponentSize();
    int mantissa = floating.getMantissaSize();
    ByteOrder order = floating.getByteOrder();
    return switch (floating.getSize()) {
      case 2 ->
          exponent == 5 && mantissa == 10
              ? new StoredElements(DataType.FLOAT32, order, StoredElements.Form.HALF)
              : null;
      case 4 ->
          exponent == 8 && mantissa == 23 ? StoredElements.plain(DataType.FLOAT32, order) : null;
      case 8 ->
          exponent == 11 && mantissa == 52 ? StoredElements.plain(DataType.FLOAT64, order) : null;
      default -> null;
    };
  }

  /** A type as messages call it: {@code f32}, {@code unsigned 64-bit integer}, {@code compound}. */
  static String name(io.jhdf.object.datatype.DataType type) {
    StoredElements elements = elementsOrNull(type);
    if (elements != null) {
      return elements.bytes() < elements.type().bytes() ? "f16" : elements.type().code();
    }
    String name =
        type.getDataClass() < CLASS_NAMES.length ? CLASS_NAMES[type.getDataClass()] : "unknown";
    return switch (type) {
      case FixedPoint integer ->
          (integer.isSigned() ? "" : "unsigned ") + integer.getBitPrecision() + "-bit integer";
      case FloatingPoint floating -> floating.getBitPrecision() + "-bit float";
      default -> name;
    };
  }

  /** The datatype message of one of our types, little-endian. */
  static byte[] message(DataType type) {
    return numberMessage(type.bytes(), type.isFloat(), type.name().startsWith("INT"), false);
  }

  /** The datatype message of a number, 4 to 8 bytes of properties behind 8 of class and size. */
  static byte[] numberMessage(int bytes, boolean isFloat, boolean isSigned, boolean bigEndian) {
    ByteBuffer message = ByteBuffer.allocate(isFloat ? 20 : 12).order(ByteOrder.LITTLE_ENDIAN);
    int version = 1 << 4;
    int order = bigEndian ? 1 : 0;
    if (isFloat) {
      boolean single = bytes == 4;
      // Bits 4-5: the mantissa's first bit is implied; second byte: where the sign bit is.
      message.put((byte) (version | FLOAT_CLASS)).put((byte) (0x20 | order));
      message.put((byte) (8 * bytes - 1)).put((byte) 0).putInt(bytes);
      message.putShort((short) 0).putShort((short) (8 * bytes));
      message.put((byte) (single ? 23 : 52)).put((byte) (single ? 8 : 11));
      message.put((byte) 0).put((byte) (single ? 23 : 52)).putInt(single ? 127 : 1023);
    } else {
      message.put((byte) (version | INTEGER_CLASS)).put((byte) (order | (isSigned ? 8 : 0)));
      message.putShort((short) 0).putInt(bytes);
      message.putShort((short) 0).putShort((short) (8 * bytes));
    }
    return message.array();
  }
}
