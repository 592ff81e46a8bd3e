package dev.tessera.cli;

import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.io.RawType;
import java.io.IOException;
import java.util.OptionalDouble;
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
    return FieldFiles.open(
        spec,
        new OpenOptions(
            shape == null ? null : Shape.parse(shape),
            dtype == null ? null : RawType.parse(dtype),
            fill == null ? OptionalDouble.empty() : OptionalDouble.of(fillValue())));
  }

  private double fillValue() {
    try {
      return fill.equalsIgnoreCase("nan") ? Double.NaN : Double.parseDouble(fill);
    } catch (NumberFormatException e) {
      throw new TesseraException.Invalid(
          "--fill takes a number, such as -9999 or nan, not '" + fill + "'");
    }
  }
}
