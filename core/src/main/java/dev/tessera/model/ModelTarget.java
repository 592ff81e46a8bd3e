package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that models are written to. */
public final class ModelTarget {
  private ModelTarget() {}

  /**
   * Fails where a model should not be written: into a folder's place, under a name of another kind,
   * or over something that is no model.
   *
   * @throws TesseraException.Invalid in that case
   */
  public static void require(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new TesseraException.Invalid(
          "'" + file + "' is a folder: give the name of a file to write");
    }
    if (!file.getFileName().toString().endsWith(".safetensors")) {
      throw new TesseraException.Invalid(
          "a model is written to a .safetensors file, not to '" + file + "'");
    }
    if (Files.exists(file) && !isModel(file)) {
      throw new TesseraException.Invalid(
          "'"
              + file
              + "' exists and is no model that could be read: choose another name, or remove it");
    }
  }

  private static boolean isModel(Path file) throws IOException {
    try {
      Model.read(file);
      return true;
    } catch (TesseraException e) {
      return false;
    }
  }
}
