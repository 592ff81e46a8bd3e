package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import java.util.Locale;

/** What the error of a field is measured on. */
public enum Domain {
  /** The values in their own unit. */
  LINEAR,
  /** Their decadic logarithms: for densities, whose few peaks are all that a linear error sees. */
  LOG10;

  /** The domain of a name. */
  public static Domain parse(String text) {
    for (Domain domain : values()) {
      if (domain.text().equals(text)) {
        return domain;
      }
    }
    throw new TesseraException.Invalid(
        "'" + text + "' is no domain: errors are measured in linear and log10");
  }

  /** Its name on the command line and in files. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What the keys of results in JSON end in. */
  String suffix() {
    return this == LINEAR ? "" : "-" + text();
  }
}
