package dev.tessera.io;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One attribute of a NetCDF file and its text. Characters stand as they are; numbers as in CDL:
 * {@code 0.5f}, {@code 3s}, {@code 1.0, 2.0}. Characters that read as numbers stand in double
 * quotes, so that every attribute comes back with its own type.
 *
 * @param values big-endian, as in the file but without padding
 */
record NetCdfAttribute(String name, NetCdfType type, byte[] values) {
  private static final Pattern NUMBER =
      Pattern.compile(
          "([+-]?(?:\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d+)?|NaN|[+-]?Infinity)"
              + "(b|s|f|UB|US|U|LL|ULL)?",
          Pattern.CASE_INSENSITIVE);

  /** Attributes that conventions define as text even where it looks like a number. */
  private static final Set<String> ALWAYS_TEXT =
      Set.of("units", "long_name", "standard_name", "title", "history", "comment", "calendar");

  /** Number of values. */
  int count() {
    return values.length / type.bytes();
  }

  /** A numeric attribute of one value, given as its bit pattern. */
  static NetCdfAttribute ofBits(String name, NetCdfType type, long bits) {
    byte[] bytes = ByteBuffer.allocate(8).putLong(bits).array();
    byte[] values = new byte[type.bytes()];
    System.arraycopy(bytes, 8 - type.bytes(), values, 0, type.bytes());
    return new NetCdfAttribute(name, type, values);
  }

  /** The bit pattern of a value, zero-extended. */
  long bits(int index) {
    long bits = 0;
    for (int i = 0; i < type.bytes(); i++) {
      bits = bits << 8 | values[index * type.bytes() + i] & 0xff;
    }
    return bits;
  }

  /** A value as a double; large 64-bit integers are rounded. */
  double number(int index) {
    return type.isFloat() ? floating(index) : integer(index).doubleValue();
  }

  /** An integer value of any type but float, double and char. */
  BigInteger integer(int index) {
    long bits = bits(index);
    return switch (type) {
      case BYTE -> BigInteger.valueOf((byte) bits);
      case SHORT -> BigInteger.valueOf((short) bits);
      case INT -> BigInteger.valueOf((int) bits);
      case UINT64 -> new BigInteger(Long.toUnsignedString(bits));
      default -> BigInteger.valueOf(bits);
    };
  }

  private double floating(int index) {
    return type == NetCdfType.FLOAT
        ? Float.intBitsToFloat((int) bits(index))
        : Double.longBitsToDouble(bits(index));
  }

  /** The attribute's text, from which {@link #parse} makes the same attribute again. */
  String text() {
    if (type == NetCdfType.CHAR) {
      String text = characters();
      boolean ambiguous = !ALWAYS_TEXT.contains(name) && (text.startsWith("\"") || isNumbers(text));
      return ambiguous ? '"' + text + '"' : text;
    }
    List<String> numbers = new ArrayList<>();
    for (int i = 0; i < count(); i++) {
      String digits =
          switch (type) {
            case FLOAT -> Float.toString((float) floating(i));
            case DOUBLE -> Double.toString(floating(i));
            default -> integer(i).toString();
          };
      numbers.add(digits + type.suffix());
    }
    return String.join(", ", numbers);
  }

  /** The values of a character attribute; old files pad them with zero bytes. */
  String characters() {
    int end = values.length;
    while (end > 0 && values[end - 1] == 0) {
      end--;
    }
    ByteBuffer bytes = ByteBuffer.wrap(values, 0, end);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString();
    } catch (CharacterCodingException e) {
      return StandardCharsets.ISO_8859_1.decode(bytes).toString();
    }
  }

  /** The attribute of a text: numeric if all of it is a list of numbers of one type. */
  static NetCdfAttribute parse(String name, String text) {
    if (!ALWAYS_TEXT.contains(name) && isNumbers(text)) {
      return ofNumbers(name, text.split(",", -1));
    }
    boolean quoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
    String characters =
        quoted && !ALWAYS_TEXT.contains(name) ? text.substring(1, text.length() - 1) : text;
    return new NetCdfAttribute(name, NetCdfType.CHAR, characters.getBytes(StandardCharsets.UTF_8));
  }

  private static boolean isNumbers(String text) {
    Set<NetCdfType> types =
        java.util.Arrays.stream(text.split(",", -1))
            .map(NetCdfAttribute::typeOf)
            .collect(Collectors.toCollection(java.util.HashSet::new));
    return types.size() == 1 && !types.contains(NetCdfType.CHAR);
  }

  /** The type of a number's text; CHAR if it is none that its type can hold. */
  private static NetCdfType typeOf(String token) {
    Matcher matcher = NUMBER.matcher(token.strip());
    if (!matcher.matches()) {
      return NetCdfType.CHAR;
    }
    String digits = matcher.group(1);
    String suffix = matcher.group(4) == null ? "" : matcher.group(4).toUpperCase(Locale.ROOT);
    boolean integral = digits.matches("[+-]?\\d+");
    if (suffix.equals("F")) {
      return NetCdfType.FLOAT;
    }
    if (!integral) {
      return suffix.isEmpty() ? NetCdfType.DOUBLE : NetCdfType.CHAR;
    }
    NetCdfType type =
        switch (suffix) {
          case "B" -> NetCdfType.BYTE;
          case "S" -> NetCdfType.SHORT;
          case "UB" -> NetCdfType.UBYTE;
          case "US" -> NetCdfType.USHORT;
          case "U" -> NetCdfType.UINT;
          case "LL" -> NetCdfType.INT64;
          case "ULL" -> NetCdfType.UINT64;
          default -> NetCdfType.INT;
        };
    if (holds(type, digits)) {
      return type;
    }
    return type == NetCdfType.INT ? NetCdfType.DOUBLE : NetCdfType.CHAR;
  }

  private static boolean holds(NetCdfType type, String digits) {
    // More digits than any 64-bit number has; also keeps BigInteger from hours of work.
    if (digits.length() > 21) {
      return false;
    }
    BigInteger value = new BigInteger(digits);
    boolean unsigned = type.suffix().startsWith("U");
    int bits = type.bytes() * 8;
    return unsigned
        ? value.signum() >= 0 && value.bitLength() <= bits
        : value.bitLength() <= bits - 1;
  }

  private static NetCdfAttribute ofNumbers(String name, String[] tokens) {
    NetCdfType type = typeOf(tokens[0]);
    ByteBuffer values = ByteBuffer.allocate(tokens.length * type.bytes());
    for (String token : tokens) {
      Matcher matcher = NUMBER.matcher(token.strip());
      if (!matcher.matches()) {
        throw new IllegalStateException("checked before: " + token);
      }
      String digits = matcher.group(1);
      switch (type) {
        case FLOAT -> values.putFloat(Float.parseFloat(javaNumber(digits)));
        case DOUBLE -> values.putDouble(Double.parseDouble(javaNumber(digits)));
        default -> {
          byte[] bytes = ofBits("", type, new BigInteger(digits).longValue()).values();
          values.put(bytes);
        }
      }
    }
    return new NetCdfAttribute(name, type, values.array());
  }

  /** Java spells the special values in one way only. */
  private static String javaNumber(String digits) {
    String lower = digits.toLowerCase(Locale.ROOT);
    if (lower.equals("nan")) {
      return "NaN";
    }
    return lower.endsWith("infinity") ? lower.replace("infinity", "Infinity") : digits;
  }
}
