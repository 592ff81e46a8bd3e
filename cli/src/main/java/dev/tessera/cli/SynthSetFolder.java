package dev.tessera.cli;

import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.synth.TrainingSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder of raw float32 files, one for each field of a {@link TrainingSet}, named {@code
 * item_field_ZxYxX.f32}, and {@code manifest.tsv}, which says what each was made with.
 */
final class SynthSetFolder {
  private static final String MANIFEST = "manifest.tsv";

  private final Path folder;
  private final Map<String, String> lines = new TreeMap<>();
  private long bytes;

  /**
   * A new or empty folder.
   *
   * @throws TesseraException.Invalid if there is something already
   */
  SynthSetFolder(Path folder) throws IOException {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
    } catch (FileAlreadyExistsException e) {
      throw new TesseraException.Invalid(folder + " is a file, not a folder");
    }
    try (Stream<Path> entries = Files.list(folder)) {
      if (entries.findAny().isPresent()) {
        throw new TesseraException.Invalid(
            "the folder " + folder + " is not empty: name a new one for a training set");
      }
    }
  }

  /** Writes the fields of an item; may be called by several threads. */
  void write(TrainingSet.Item item, Map<String, Field> fields) {
    fields.forEach((name, field) -> {
      String file = item.name() + "_" + name + "_" + field.info().shape() + ".f32";
      try {
        SynthCommand.write(field, folder.resolve(file).toString());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      String line = file + "\t" + item.seed() + "\t" + item.description() + "\n";
      synchronized (lines) {
        lines.put(file, line);
        bytes += field.info().bytes();
      }
    });
  }

  /** Writes the manifest; call it after all fields. */
  void finish() throws IOException {
    Files.writeString(
        folder.resolve(MANIFEST), "file\tseed\tmade with\n" + String.join("", lines.values()));
  }

  int files() {
    return lines.size();
  }

  long bytes() {
    return bytes;
  }
}
