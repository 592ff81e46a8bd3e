package dev.tessera.io;

import dev.tessera.field.DataType;

/** External types of the NetCDF classic formats; the last five only occur in CDF-5. */
enum NetCdfType {
  BYTE(1, 1, DataType.INT8, "b"),
  CHAR(2, 1, null, ""),
  SHORT(3, 2, DataType.INT16, "s"),
  INT(4, 4, DataType.INT32, ""),
  FLOAT(5, 4, DataType.FLOAT32, "f"),
  DOUBLE(6, 8, DataType.FLOAT64, ""),
  UBYTE(7, 1, DataType.UINT8, "UB"),
  USHORT(8, 2, DataType.UINT16, "US"),
  UINT(9, 4, DataType.UINT32, "U"),
  INT64(10, 8, DataType.INT64, "LL"),
  UINT64(11, 8, null, "ULL");

  private final int code;
  private final int bytes;
  private final DataType dataType;
  private final String suffix;

  NetCdfType(int code, int bytes, DataType dataType, String suffix) {
    this.code = code;
    this.bytes = bytes;
    this.dataType = dataType;
    this.suffix = suffix;
  }

  int code() {
    return code;
  }

  int bytes() {
    return bytes;
  }

  /** The type of a field with such values; null for characters and unsigned 64-bit integers. */
  DataType dataType() {
    return dataType;
  }

  /** What CDL, the text form of NetCDF, puts behind a number of this type. */
  String suffix() {
    return suffix;
  }

  boolean onlyCdf5() {
    return code > DOUBLE.code;
  }

  boolean isFloat() {
    return this == FLOAT || this == DOUBLE;
  }

  /** The type of a code, or null if there is none. */
  static NetCdfType ofCode(int code) {
    return code >= 1 && code <= values().length ? values()[code - 1] : null;
  }

  /** The type that holds values of {@code type}. */
  static NetCdfType of(DataType type) {
    for (NetCdfType candidate : values()) {
      if (candidate.dataType == type) {
        return candidate;
      }
    }
    throw new IllegalStateException("no NetCDF type for " + type);
  }

  /** How this signed type reads under the attribute {@code _Unsigned = "true"}. */
  DataType unsigned() {
    return switch (this) {
      case BYTE -> DataType.UINT8;
      case SHORT -> DataType.UINT16;
      case INT -> DataType.UINT32;
      case INT64 -> null;
      default -> dataType;
    };
  }
}
