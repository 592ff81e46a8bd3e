package dev.tessera.pipeline;

import dev.tessera.field.TesseraException;
import java.math.BigDecimal;
import java.util.Locale;

/**
 * The quantizer that was asked for, without the numbers that follow from the data: {@code
 * eb=abs:VALUE}, {@code eb=rel:VALUE} (or {@code eb=VALUE}), {@code eb=pwrel:VALUE}, {@code round},
 * {@code reference-eb=VALUE}.
 *
 * @param kind how the bound is meant
 * @param value the bound; 0.5 for {@code round}
 * @param bits of the range to which {@code reference-eb} scales a field; 0 for the others
 */
public record QuantizerSpec(Kind kind, double value, int bits) {
  /** Bits of {@code reference-eb} where none are named. */
  public static final int DEFAULT_BITS = 8;

  private static final int MAX_BITS = 24;

  /** Bounds below this share of a value are below what the types resolve. */
  private static final double LEAST_SHARE = 1e-15;

  /** Kinds of quantizers, with their numbers in files. */
  public enum Kind {
    /** The largest error of a value, in its own unit. */
    ABS(0, "eb=abs"),
    /** The largest error as a share of the range of the whole variable. */
    REL(1, "eb=rel"),
    /** The largest error as a share of each value's size. */
    PWREL(2, "eb=pwrel"),
    /** To the nearest integer. */
    ROUND(3, "round"),
    /** That of CompressAI-Science, without a promise: range to 2^bits, steps of twice the value. */
    REFERENCE(4, "reference-eb");

    private final int id;
    private final String text;

    Kind(int id, String text) {
      this.id = id;
      this.text = text;
    }

    /** The number that stands for this kind in files. */
    public int id() {
      return id;
    }

    static Kind ofId(int id) {
      for (Kind kind : values()) {
        if (kind.id == id) {
          return kind;
        }
      }
      throw new TesseraException.Corrupt(
          "the stored pipeline has a quantizer of unknown kind "
              + id
              + ": the file is damaged or newer",
          -1);
    }
  }

  /**
   * Checks the numbers.
   *
   * @throws TesseraException.Invalid if they make no sense
   */
  public QuantizerSpec {
    String fault = fault(kind, value, bits);
    if (fault != null) {
      throw new TesseraException.Invalid(fault);
    }
  }

  /** What is wrong, or null. */
  static String fault(Kind kind, double value, int bits) {
    if (!(value > 0) || Double.isInfinite(value)) {
      return "the error bound %s must be a positive number".formatted(number(value));
    }
    return switch (kind) {
      case ABS -> none(bits);
      case REL, PWREL ->
          value < LEAST_SHARE || value > 1
              ? "the error bound %s:%s must be a share between 1e-15 and 1"
                  .formatted(kind.text, number(value))
              : none(bits);
      case ROUND -> value != 0.5 ? "rounding has a bound of 0.5" : none(bits);
      case REFERENCE -> {
        if (bits < 1 || bits > MAX_BITS) {
          yield "minmax:%d must have 1 to %d bits".formatted(bits, MAX_BITS);
        }
        yield Math.scalb(1.0, bits) / (2 * value) + 0.5 >= Short.MAX_VALUE
            ? "minmax:%d with reference-eb=%s needs more than 16 bits: use fewer bits or a larger bound"
                .formatted(bits, number(value))
            : null;
      }
    };
  }

  private static String none(int bits) {
    return bits == 0 ? null : "only reference-eb has a number of bits";
  }

  /** Whether {@code part} of a pipeline names a quantizer. */
  static boolean isQuantizer(String part) {
    return part.equals("round")
        || part.equals("eb")
        || part.equals("reference-eb")
        || part.startsWith("eb=")
        || part.startsWith("reference-eb=");
  }

  /**
   * Reads one part of a pipeline.
   *
   * @param bits those of {@code minmax:BITS} before it, 0 without
   */
  static QuantizerSpec parse(String part, int bits) {
    if (part.equals("round")) {
      return new QuantizerSpec(Kind.ROUND, 0.5, bits);
    }
    int equals = part.indexOf('=');
    String argument = equals < 0 ? "" : part.substring(equals + 1);
    if (part.startsWith("reference")) {
      return new QuantizerSpec(
          Kind.REFERENCE, parseNumber(part, argument), bits == 0 ? DEFAULT_BITS : bits);
    }
    for (Kind kind : new Kind[] {Kind.ABS, Kind.REL, Kind.PWREL}) {
      String prefix = kind.name().toLowerCase(Locale.ROOT) + ":";
      if (argument.startsWith(prefix)) {
        return new QuantizerSpec(
            kind, parseNumber(part, argument.substring(prefix.length())), bits);
      }
    }
    return new QuantizerSpec(Kind.REL, parseNumber(part, argument), bits);
  }

  private static double parseNumber(String part, String text) {
    // parseDouble would take suffixes, hexadecimal digits and words
    if (!text.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)(e[+-]?\\d+)?")) {
      throw new TesseraException.Invalid(
          "'"
              + part
              + "' has no number as its bound: write it like eb=rel:1e-3, eb=abs:0.01,"
              + " eb=pwrel:1e-3 or reference-eb=0.8");
    }
    return Double.parseDouble(text);
  }

  /** A number as one would type it: {@code 1e-3}, {@code 0.05}, {@code 250}. */
  static String number(double value) {
    if (value == 0 || Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.toString(value);
    }
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = decimal.precision() - decimal.scale() - 1;
    if (exponent >= -2 && exponent <= 6) {
      return decimal.toPlainString();
    }
    return decimal.scaleByPowerOfTen(-exponent).stripTrailingZeros().toPlainString()
        + "e"
        + exponent;
  }

  /** As in a pipeline; the bits of {@code reference-eb} belong to the normalizer's text. */
  @Override
  public String toString() {
    return switch (kind) {
      case ROUND -> kind.text;
      case REFERENCE -> kind.text + "=" + number(value);
      default -> kind.text + ":" + number(value);
    };
  }
}
