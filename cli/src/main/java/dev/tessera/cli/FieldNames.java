package dev.tessera.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** What fields are called in tables. */
final class FieldNames {
  private FieldNames() {}

  /**
   * The name of a field that is given on the command line: the file's, without folder, extension
   * and the extents of raw data, and the dataset's after a colon.
   */
  static String of(String spec) {
    String file = spec;
    String inner = "";
    int colon = spec.lastIndexOf(':');
    if (colon > 0 && !Files.exists(Path.of(spec))) {
      file = spec.substring(0, colon);
      inner = spec.substring(colon + 1).replaceFirst("^.*/(?=[^/])", "");
    }
    String stem =
        Path.of(file)
            .getFileName()
            .toString()
            .replaceFirst("(?<=.)\\.[^.]*$", "")
            .replaceFirst("(?<=.)_\\d+(x\\d+)+$", "");
    return inner.isEmpty() ? stem : stem + ":" + inner;
  }
}
