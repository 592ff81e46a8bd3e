package dev.tessera.cli;

import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.Shape;
import dev.tessera.io.FieldFiles;
import dev.tessera.synth.CosmologySynth;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tessera synth}. */
@Command(
    name = "synth",
    mixinStandardHelpOptions = true,
    description =
        "Make a field like those of a cosmological simulation; the same seed gives the same bytes.",
    footer = {
      "",
      "Example:",
      "  tessera synth rho_128x128x128.f32 --quantity dark_matter_density --seed 7"
    })
final class SynthCommand implements Callable<Integer> {
  @Parameters(paramLabel = "OUT", description = "File to write, in the format that its name says.")
  private String out;

  @Option(
      names = "--size",
      paramLabel = "N",
      defaultValue = "128",
      description = "Grid points along each side (default: 128).")
  private int size;

  @Option(names = "--seed", defaultValue = "1", description = "Seed (default: 1).")
  private long seed;

  @Option(
      names = "--quantity",
      defaultValue = "dark_matter_density",
      description = "One of ${COMPLETION-CANDIDATES} (default: dark_matter_density).")
  private CosmologySynth.Quantity quantity;

  @Override
  public Integer call() throws IOException {
    Field field = new CosmologySynth(size, seed).generate(quantity);
    write(field, out);
    boolean piped = out.equals("-");
    if (piped) {
      Console.requireWritten();
    }
    new Console(false, piped, field.info().type().bytes())
        .say("%s  %s %s".formatted(out, field.info().shape(), field.info().type().code()));
    return 0;
  }

  static void write(Field field, String out) throws IOException {
    FieldInfo info = field.info();
    Shape shape = info.shape();
    long sliceBytes = shape.height() * shape.width() * info.type().bytes();
    try (FieldSink sink = FieldFiles.create(out, info)) {
      for (long slice = 0; slice < shape.slices(); slice++) {
        sink.write(
            slice,
            0,
            shape.height(),
            0,
            shape.width(),
            field.data().asSlice(slice * sliceBytes, sliceBytes));
      }
      sink.commit();
    }
  }
}
