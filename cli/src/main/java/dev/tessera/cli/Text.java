package dev.tessera.cli;

import dev.tessera.field.Metrics;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Numbers as people read them. Sizes are decimal: 1 MB is 10^6 bytes. */
final class Text {
  private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

  private Text() {}

  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    // from here on three digits would round to 1000
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.3g %s", value, UNITS[unit]);
  }

  static String seconds(double seconds) {
    if (!Double.isFinite(seconds)) {
      return "?";
    }
    long s = Math.round(seconds);
    return s < 60
        ? s + " s"
        : s < 3600
            ? "%d:%02d min".formatted(s / 60, s % 60)
            : "%d:%02d h".formatted(s / 3600, s / 60 % 60);
  }

  static String number(double value) {
    return String.format(Locale.ROOT, "%.6g", value);
  }

  static String fixed(double value, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }

  static String decibels(double psnr) {
    return psnr == Double.POSITIVE_INFINITY ? "exact" : fixed(psnr, 2) + " dB";
  }

  /** Quality and size in the order in which they are printed. */
  static Map<String, String> quality(
      Metrics metrics, long originalBytes, long values, long fileBytes) {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("original", bytes(originalBytes));
    rows.put("compressed", bytes(fileBytes));
    rows.put("CR", fixed((double) originalBytes / fileBytes, 1));
    rows.put("bits per value", fixed(8.0 * fileBytes / values, 4));
    rows.put("PSNR", decibels(metrics.psnr()));
    rows.put("RMSE", number(metrics.rmse()));
    rows.put("NRMSE", number(metrics.nrmse()));
    rows.put("max error", number(metrics.maxError()));
    rows.put("range", number(metrics.min()) + " .. " + number(metrics.max()));
    if (metrics.specials() > 0) {
      rows.put(
          "NaN, Inf, fill",
          metrics.specials()
              + (metrics.specialsChanged() == 0
                  ? " (all exact)"
                  : " (" + metrics.specialsChanged() + " changed)"));
    }
    return rows;
  }

  /** Rows of a name and a value, aligned. */
  static String table(Map<String, String> rows) {
    int width = rows.keySet().stream().mapToInt(String::length).max().orElse(0);
    StringBuilder out = new StringBuilder();
    rows.forEach((name, value) ->
        out.append("  ")
            .append(name)
            .append(" ".repeat(width - name.length() + 2))
            .append(value)
            .append('\n'));
    return out.toString().stripTrailing();
  }
}
