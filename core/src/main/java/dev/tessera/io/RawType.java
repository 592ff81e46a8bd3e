package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Element type and byte order of headerless data, as the ending of a file name or the user states
 * it: {@code f32}, {@code float32} and {@code <f4} are little-endian, {@code f32be} and {@code >f4}
 * big-endian.
 */
public record RawType(DataType type, ByteOrder order) {
  private static final String BIG_ENDIAN = "be";

  /**
   * Reads the name of a type.
   *
   * @throws TesseraException.Invalid if there is no such type
   */
  public static RawType parse(String text) {
    String name = text.strip().toLowerCase(Locale.ROOT);
    boolean big = name.startsWith(">") || name.startsWith("!") || name.endsWith(BIG_ENDIAN);
    String plain = name;
    if (name.startsWith(">") || name.startsWith("!")) {
      plain = name.substring(1);
    } else if (name.endsWith("be") || name.endsWith("le")) {
      plain = name.substring(0, name.length() - 2);
    }
    try {
      return new RawType(
          DataType.parse(plain), big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    } catch (TesseraException.Invalid e) {
      throw new TesseraException.Invalid(
          "'"
              + text
              + "' is not a type: use i8, i16, i32, i64, u8, u16, u32, f32 or f64, with "
              + "'be' behind it for big-endian data");
    }
  }

  /** The type that a file name's extension states, or null if it states none. */
  static RawType ofExtension(String extension) {
    String name = extension.toLowerCase(Locale.ROOT);
    if (name.equals("d64")) {
      return new RawType(DataType.FLOAT64, ByteOrder.LITTLE_ENDIAN);
    }
    for (DataType type : DataType.values()) {
      if (name.equals(type.code())) {
        return new RawType(type, ByteOrder.LITTLE_ENDIAN);
      }
      if (name.equals(type.code() + BIG_ENDIAN)) {
        return new RawType(type, ByteOrder.BIG_ENDIAN);
      }
    }
    return null;
  }

  /** Every extension that {@link #ofExtension} knows. */
  static List<String> extensions() {
    List<String> extensions = new ArrayList<>();
    for (DataType type : DataType.values()) {
      extensions.add(type.code());
    }
    for (DataType type : DataType.values()) {
      extensions.add(type.code() + BIG_ENDIAN);
    }
    extensions.add("d64");
    return List.copyOf(extensions);
  }

  /** As it stands in a file name: {@code f32}, {@code i16be}. */
  @Override
  public String toString() {
    return order == ByteOrder.BIG_ENDIAN ? type.code() + BIG_ENDIAN : type.code();
  }
}
