package dev.tessera.cli;

import dev.tessera.codec.Calibrator;
import dev.tessera.codec.CodecOptions;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Calibration;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tessera calibrate}. */
@Command(
    name = "calibrate",
    mixinStandardHelpOptions = true,
    description = {
      "Measure what passes between a model's layers, so that it can compute in fp8.",
      "The scales go into the model file; its id stays, and so do files made with it. Take data like"
          + " those to be compressed, but not the ones that a benchmark judges by."
    },
    footer = {
      "",
      "Example:",
      "  tessera calibrate nyx-factorized --data rho_512x512x512.f32 --normalizer"
          + " log10,minmax:slice"
    })
final class CalibrateCommand implements Callable<Integer> {
  @Parameters(paramLabel = "MODEL", description = "Model: a file, or a name or id.")
  private String model;

  @Option(
      names = "--data",
      paramLabel = "FIELD",
      required = true,
      description = "A field, as for compress; may be repeated.")
  private List<String> data;

  @Mixin private FieldOptions field;

  @Option(
      names = "--tiles",
      paramLabel = "N",
      defaultValue = "128",
      description = "Tiles to look at in each field (default: ${DEFAULT-VALUE}).")
  private int tiles;

  @Option(
      names = "--percentile",
      paramLabel = "P",
      defaultValue = "99.99",
      description = "Percentage whose largest magnitude is told too (default: ${DEFAULT-VALUE}).")
  private double percentile;

  @Option(
      names = "--clip",
      description = "Clip what lies beyond the percentile, for finer steps near zero.")
  private boolean clip;

  @Option(
      names = "--normalizer",
      paramLabel = "LIST",
      description = "What to do to values first, or auto (default: the model's own).")
  private String normalizer;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description = "Write here (default: the file itself; the model folder for a name).")
  private Path out;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads (default: all cores).")
  private int threads;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print errors only.")
  private boolean quiet;

  @Override
  public Integer call() throws IOException {
    if (tiles < 1 || !(percentile > 0 && percentile <= 100)) {
      throw new TesseraException.Invalid(
          "--tiles takes a number from 1 up, --percentile one from above 0 to 100");
    }
    Path target = target();
    Model found = Models.find(model);
    Console console = new Console(quiet, false, Float.BYTES);
    CodecOptions options =
        CodecOptions.DEFAULTS.withWork(threads, 0, 0).withProgress(console.progress());
    if (normalizer != null) {
      options = options.withNormalizer(normalizer);
    }
    Calibration calibration;
    long looked;
    try (Calibrator calibrator = new Calibrator(found, options)) {
      for (String name : data) {
        try (FieldSource source = field.open(name)) {
          calibrator.add(name, source, tiles);
        }
      }
      calibration = calibrator.finish(percentile, clip);
      looked = calibrator.tiles();
    }
    String source = "%d tiles of %s".formatted(looked, String.join(", ", names()));
    Path written =
        write(
            found.withMetadata(found.name(), calibration.addTo(found.metadata(), source)), target);
    console.say(table(calibration));
    console.say("%s: %s".formatted(written, source));
    return 0;
  }

  /** Names of the fields without their folders. */
  private List<String> names() {
    return data.stream().map(name -> name.substring(name.lastIndexOf('/') + 1)).toList();
  }

  /** The file to write; null where it is one of the model folder. */
  private Path target() throws IOException {
    Path target = out != null ? out : Path.of(model);
    if (out == null && !Files.isRegularFile(target)) {
      return null;
    }
    if (out != null) {
      Models.requireTarget(out);
    } else if (!target.getFileName().toString().endsWith(".safetensors")) {
      throw new TesseraException.Invalid(
          "scales are written to a .safetensors file: name one with --out, or import the model");
    }
    Outputs.requireApart(data, target);
    return target;
  }

  private static Path write(Model calibrated, Path target) throws IOException {
    if (target == null) {
      return ModelStore.user().install(calibrated);
    }
    calibrated.write(target);
    return target;
  }

  private static String table(Calibration calibration) {
    StringBuilder text = new StringBuilder();
    text.append(
        "%-8s %12s %12s %12s %10s".formatted("input of", "max", "quantile", "scale", "clipped"));
    calibration
        .ranges()
        .forEach((name, range) ->
            text.append(
                String.format(
                    Locale.ROOT,
                    "%n%-8s %12.5g %12.5g %12.5g %9.4f%%",
                    name,
                    range.max(),
                    range.quantile(),
                    range.scale(),
                    100 * range.clipped())));
    return text.toString();
  }
}
