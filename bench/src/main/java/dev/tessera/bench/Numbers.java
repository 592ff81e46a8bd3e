package dev.tessera.bench;

import java.util.Locale;

/** Numbers as tables and charts print them. */
final class Numbers {
  private Numbers() {}

  /** Three digits that count, without an exponent; a dash for what was not measured. */
  static String short3(double value) {
    if (!Double.isFinite(value)) {
      return "-";
    }
    double size = Math.abs(value);
    // from here on the next digit would round up to another power of ten
    int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
    return fixed(value, decimals);
  }

  static String fixed(double value, int decimals) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + decimals + "f", value) : "-";
  }

  /** Four digits that count, with an exponent where that is shorter. */
  static String general(double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%.4g", value) : "-";
  }
}
