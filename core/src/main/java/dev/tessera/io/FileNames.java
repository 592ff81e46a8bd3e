package dev.tessera.io;

import java.nio.file.Path;
import java.util.Locale;

/** The parts of a file name. */
final class FileNames {
  private FileNames() {}

  /** What stands behind the last dot, in lower case; empty if there is none. */
  static String extension(Path file) {
    String name = name(file);
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(dot + 1).toLowerCase(Locale.ROOT) : "";
  }

  /** The name without folder and without extension. */
  static String stem(Path file) {
    String name = name(file);
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  private static String name(Path file) {
    Path name = file.getFileName();
    return name == null ? "" : name.toString();
  }
}
