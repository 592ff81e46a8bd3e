package dev.tessera.cli;

import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.container.ContainerReader;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Metrics;
import dev.tessera.field.TesseraException;
import dev.tessera.io.PendingFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tessera compress}. */
@Command(
    name = "compress",
    mixinStandardHelpOptions = true,
    description = "Compress a field into a .tsr file and say how well that went.",
    footer = {
      "",
      "Examples:",
      "  tessera compress run.h5:/native_fields/temperature temperature.tsr --bound 1e-4",
      "  tessera compress rho_512x512x512.f32 rho.tsr --pipeline eb=pwrel:1e-2,lorenzo3,bitpack",
      "  tessera compress rho_512x512x512.f32 rho.tsr --model cosmo-q1",
      "  cat t.raw | tessera compress - - --shape 240x37x49 --dtype f32 > t.tsr"
    })
final class CompressCommand implements Callable<Integer> {
  /** Below this the model may not suit the data. */
  private static final double LOW_PSNR = 40;

  /** A ratio of largest to smallest value beyond which logarithms are worth a try. */
  private static final double MANY_DECADES = 1000;

  @Parameters(
      index = "0",
      paramLabel = "IN",
      description = "Field: a file, file.h5:/dataset, or - for raw data.")
  private String in;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "OUT",
      description = "File to write (default: IN with .tsr), or -.")
  private String out;

  @Option(
      names = "--tile",
      paramLabel = "SIZE",
      defaultValue = "0",
      description =
          "Side of a tile or chunk, multiple of 16 (of 64 for models with a hyperprior), or HxW, or"
              + " full (default: 128; for pipelines about a million values).")
  private String tile;

  @Option(
      names = "--group-axis",
      paramLabel = "AXIS",
      defaultValue = "-1",
      description =
          "Axis along which neighbouring planes form a tile or chunk, from 0 (default: the"
              + " third-last).")
  private int groupAxis;

  @Option(
      names = "--overlap",
      paramLabel = "N",
      defaultValue = "0",
      description = "With --model: values that neighbouring tiles share and blend.")
  private int overlap;

  @Option(names = "--no-verify", description = "Do not decode the file again to measure its error.")
  private boolean noVerify;

  @Mixin private CompressionOptions compression;
  @Mixin private FieldOptions field;
  @Mixin private WorkOptions work;

  @Override
  public Integer call() throws IOException {
    String target = out != null ? out : defaultTarget();
    ContainerFiles.requireOtherFile(in, target);
    try (FieldSource source = field.open(in)) {
      Console console = new Console(work.quiet(), target.equals("-"), source.info().type().bytes());
      CodecOptions options = options(console);
      long start = System.nanoTime();
      try (Codec codec = compression.open(options);
          PendingFile pending =
              target.equals("-")
                  ? PendingFile.to(System.out, "standard output")
                  : PendingFile.create(Path.of(target))) {
        long bytes;
        try (OutputStream file =
            new BufferedOutputStream(Files.newOutputStream(pending.path()), 1 << 16)) {
          bytes = codec.compress(source, file);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        String way;
        Codec.Verification verification = null;
        try (ContainerReader container = ContainerReader.open(pending.path())) {
          way = way(codec, container);
          if (!noVerify) {
            verification = codec.verify(source, container);
          }
        }
        if (verification != null) {
          Quality.requireKept(verification);
        }
        pending.commit();
        if (target.equals("-")) {
          Console.requireWritten();
        }
        report(console, codec, source, bytes, seconds, way, target);
        if (verification != null) {
          report(console, codec, source, verification);
        }
      }
    }
    return 0;
  }

  /** Model and pipeline, as far as there are, with what was left to be chosen. */
  private String way(Codec codec, ContainerReader container) {
    String model = codec.model().map(found -> "model " + found.name()).orElse("");
    if (codec.model().filter(compression::choosesNormalizer).isPresent()) {
      model += "  normalizer " + Codec.normalizer(container.header());
    }
    String pipeline = Codec.pipeline(container.header()).map(spec -> "pipeline " + spec).orElse("");
    return model.isEmpty() || pipeline.isEmpty() ? model + pipeline : model + "  " + pipeline;
  }

  private String defaultTarget() {
    if (in.equals("-")) {
      throw new TesseraException.Invalid("name the file to write, or - for standard output");
    }
    int colon = in.lastIndexOf(':');
    if (colon <= 0 || Files.exists(Path.of(in))) {
      return in + ".tsr";
    }
    // datasets of one file get names of their own
    String inner = in.substring(colon + 1).replaceAll("[^\\w.-]+", "-").replaceAll("^-+|-+$", "");
    return in.substring(0, colon) + (inner.isEmpty() ? "" : "." + inner) + ".tsr";
  }

  private CodecOptions options(Console console) {
    CodecOptions options = work.options(console).withGroupAxis(groupAxis).withOverlap(overlap);
    if (tile.equals("full")) {
      return options.withTile(CodecOptions.FULL, CodecOptions.FULL);
    }
    String[] sides = tile.split("x", 2);
    return options.withTile(
        Integer.parseInt(side(sides[0])), Integer.parseInt(side(sides[sides.length - 1])));
  }

  private static String side(String text) {
    if (!text.matches("\\d{1,7}")) {
      throw new TesseraException.Invalid(
          "--tile takes a side such as 128, HxW, or full, not '" + text + "'");
    }
    return text;
  }

  private void report(
      Console console,
      Codec codec,
      FieldSource source,
      long bytes,
      double seconds,
      String way,
      String target) {
    long original = source.info().bytes();
    console.say(
        "%s  %s %s  %s -> %s  CR %s  %s bits/value  %s/s on %s  %s"
            .formatted(
                target.equals("-") ? in : target,
                source.info().shape(),
                source.info().type().code(),
                Text.bytes(original),
                Text.bytes(bytes),
                Text.fixed((double) original / bytes, 1),
                Text.fixed(8.0 * bytes / source.info().shape().elements(), 4),
                Text.bytes((long) (original / seconds)),
                codec.device(),
                way));
  }

  private void report(
      Console console, Codec codec, FieldSource source, Codec.Verification verification)
      throws IOException {
    Metrics metrics = verification.total();
    console.say(
        "PSNR %s  RMSE %s  NRMSE %s  max error %s%s"
            .formatted(
                Text.decibels(metrics.psnr()),
                Text.number(metrics.rmse()),
                Text.number(metrics.nrmse()),
                Text.number(metrics.maxError()),
                metrics.specials() == 0
                    ? ""
                    : "  " + metrics.specials() + " special values kept exactly"));
    verification.bound().ifPresent(bound -> console.say("bound " + Quality.bound(bound)));
    if (verification.bound().isPresent()
        && compression.boundIsShareOfRange()
        && Quality.differOnlyAtTheEnds(source, metrics, verification.bound().get().bound())) {
      console.warn(
          "all values but the largest or smallest are one within the bound, a share of the range "
              + Text.number(metrics.min())
              + " .. "
              + Text.number(metrics.max())
              + ": if one end marks missing data, say so with --fill; else try --bound abs:… or"
              + " pwrel:…");
    }
    if (codec.model().isPresent() && metrics.psnr() < LOW_PSNR) {
      boolean manyDecades = metrics.min() > 0 && metrics.max() > MANY_DECADES * metrics.min();
      console.warn(
          "PSNR is below 40 dB: model "
              + codec.model().get().name()
              + " may not suit this data (try "
              + (manyDecades
                      && !compression.hasNormalizer()
                      && !compression.choosesNormalizer(codec.model().get())
                  ? "--normalizer log10,minmax:slice)"
                  : "another --model or --normalizer, or no model)"));
    }
  }
}
