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
      "  tessera compress rho_512x512x512.f32 rho.tsr --normalizer log10,minmax:slice",
      "  tessera compress run.h5:/native_fields/temperature temperature.tsr",
      "  tessera compress photo.png photo.tsr --model kodak-q4",
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
      names = {"-m", "--model"},
      description = "Model: name, id or file (default: " + Models.DEFAULT + ").")
  private String model;

  @Option(names = "--embed-model", description = "Put what is needed for decoding into the file.")
  private boolean embedModel;

  @Option(
      names = "--normalizer",
      paramLabel = "LIST",
      description =
          "What to do to values first, such as log10,minmax:slice (default: the model's own).")
  private String normalizer;

  @Option(
      names = "--tile",
      paramLabel = "SIZE",
      defaultValue = "0",
      description =
          "Side of a tile, multiple of 64, or HxW, or full (default: 128; for bmshj2018-factorized multiples of 16).")
  private String tile;

  @Option(
      names = "--group-axis",
      paramLabel = "AXIS",
      defaultValue = "-1",
      description =
          "Axis along which neighbouring planes form a tile, from 0 (default: the third-last).")
  private int groupAxis;

  @Option(
      names = "--overlap",
      paramLabel = "N",
      defaultValue = "0",
      description = "Values that neighbouring tiles share and blend.")
  private int overlap;

  @Option(
      names = {"-P", "--channels-per-stream"},
      paramLabel = "P",
      defaultValue = "64",
      description =
          "Latent channels per stream: more for ratio, fewer for parallel decoding; all: one stream per tile, as CompressAI.")
  private String channelsPerStream;

  @Option(names = "--no-verify", description = "Do not decode the file again to measure its error.")
  private boolean noVerify;

  @Mixin private FieldOptions field;
  @Mixin private WorkOptions work;

  @Override
  public Integer call() throws IOException {
    String target = out != null ? out : defaultTarget();
    ContainerFiles.requireOther(in, target);
    try (FieldSource source = field.open(in)) {
      Console console = new Console(work.quiet(), target.equals("-"), source.info().type().bytes());
      CodecOptions options = options(console);
      long start = System.nanoTime();
      try (Codec codec = Codec.open(Models.find(model), options);
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
        Metrics metrics = null;
        if (!noVerify) {
          try (ContainerReader container = ContainerReader.open(pending.path())) {
            metrics = codec.verify(source, container).total();
          }
        }
        requireSpecials(metrics);
        pending.commit();
        if (target.equals("-")) {
          Console.requireWritten();
        }
        report(console, codec, source, bytes, seconds, metrics, target);
      }
    }
    return 0;
  }

  private static void requireSpecials(Metrics metrics) {
    if (metrics != null && metrics.specialsChanged() > 0) {
      throw new TesseraException.BoundViolated(
          metrics.specialsChanged() + " special values did not come back exactly");
    }
  }

  private String defaultTarget() {
    if (in.equals("-")) {
      throw new TesseraException.Invalid("name the file to write, or - for standard output");
    }
    String name = in.contains(":/") ? in.substring(0, in.lastIndexOf(":/")) : in;
    return name + ".tsr";
  }

  private CodecOptions options(Console console) {
    CodecOptions options =
        work.options(console)
            .withGroupAxis(groupAxis)
            .withOverlap(overlap)
            .withEmbeddedModel(embedModel);
    if (normalizer != null) {
      options = options.withNormalizer(normalizer);
    }
    options =
        options.withChannelsPerStream(
            channelsPerStream.equals("all")
                ? CodecOptions.WHOLE
                : positive("-P", channelsPerStream));
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

  private static int positive(String option, String text) {
    if (!text.matches("0*[1-9]\\d{0,6}")) {
      throw new TesseraException.Invalid(
          option + " takes a number from 1 up, or all, not '" + text + "'");
    }
    return Integer.parseInt(text);
  }

  private void report(
      Console console,
      Codec codec,
      FieldSource source,
      long bytes,
      double seconds,
      Metrics metrics,
      String target) {
    long original = source.info().bytes();
    console.say(
        "%s  %s %s  %s -> %s  CR %s  %s bits/value  %s/s on %s  model %s"
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
                codec.model().name()));
    if (metrics == null) {
      return;
    }
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
    if (metrics.psnr() < LOW_PSNR) {
      boolean manyDecades = metrics.min() > 0 && metrics.max() > MANY_DECADES * metrics.min();
      console.warn(
          "PSNR is below 40 dB: model "
              + codec.model().name()
              + " may not suit this data (try "
              + (normalizer == null && manyDecades
                  ? "--normalizer log10,minmax:slice)"
                  : "another --model or --normalizer)"));
    }
  }
}
