package dev.tessera.cli;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What a command may be told of a file that it reads. */
final class FieldOptions {
  @Option(
      names = "--shape",
      paramLabel = "AxBxC",
      description =
          "Extents of raw data, slowest axis first (also read from a name like rho_512x512x512.f32).")
  private String shape;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "Type of raw data: i8 i16 i32 i64 u8 u16 u32 f32 f64.")
  private String dtype;

  @Option(
      names = "--fill",
      paramLabel = "VALUE",
      description = "Value that marks missing data; kept exactly.")
  private String fill;

  FieldSource open(String spec) throws IOException {
    if (shape == null && ContainerReader.isContainer(Path.of(spec))) {
      throw new TesseraException.Invalid(
          "'" + spec + "' is a compressed file: name the field itself, or decompress it first");
    }
    return FieldFiles.open(spec, OpenOptions.parse(shape, dtype, fill));
  }

  /** What was said of raw data's shape; null where nothing was. */
  String shape() {
    return shape;
  }

  /** What was said of raw data's type; null where nothing was. */
  String dtype() {
    return dtype;
  }

  /** The fill value that was said; null where none was. */
  String fill() {
    return fill;
  }
}
