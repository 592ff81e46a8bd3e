package dev.tessera.cli;

import com.google.gson.GsonBuilder;
import dev.tessera.bench.CurveComparison;
import dev.tessera.bench.Domain;
import dev.tessera.bench.EvaluationField;
import dev.tessera.bench.PointFile;
import dev.tessera.bench.RateBench;
import dev.tessera.bench.RatePoint;
import dev.tessera.bench.RateReport;
import dev.tessera.bench.RunInfo;
import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.io.PendingFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tessera eval}. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description =
        "Measure rate and distortion of models and pipelines on fields, with real files, and the"
            + " distance between their curves (BD-rate).",
    footer = {
      "",
      "Examples:",
      "  tessera eval --model cosmo-q1,cosmo-q2,cosmo-q3 --data box_*.f32 --svg rd.svg",
      "  tessera eval --model general-q1 --data rho_128x128x128.f32 --data v.npy"
          + " --normalizer log10,minmax:slice --normalizer minmax:slice",
      "  tessera eval --model A,B,C --pipeline log10,eb=abs:0.1 --pipeline log10,eb=abs:0.03"
          + " --data rho.npy --points sz3.csv --anchor sz3 --json rd.json"
    })
final class EvalCommand implements Callable<Integer> {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      split = ",",
      description = "Models by name, id or file, with commas between them.")
  private List<String> models = List.of();

  @Option(
      names = "--pipeline",
      paramLabel = "LIST",
      description = "A pipeline, such as eb=rel:1e-3; repeat it for more points.")
  private List<String> pipelines = List.of();

  @Option(
      names = "--data",
      paramLabel = "FIELD",
      arity = "1..*",
      required = true,
      description = "Fields: files, or file.h5:/dataset.")
  private List<String> data;

  @Option(
      names = "--normalizer",
      paramLabel = "LIST",
      description =
          "What models do to values first (default: the model's own); once for all fields, or once"
              + " for each in the order of --data.")
  private List<String> normalizers = List.of();

  @Option(
      names = "--curve",
      paramLabel = "NAME=A,B,C",
      description =
          "Models that make a curve (default: those whose names differ in a number at the end, such"
              + " as cosmo-1 and cosmo-2; pipelines that differ in the bound).")
  private List<String> curves = List.of();

  @Option(
      names = "--points",
      paramLabel = "FILE",
      description =
          "Curves of other programs: a table with columns curve, label, field, bytes or"
              + " bits_per_value, psnr_linear, psnr_log10; or the JSON of an earlier run.")
  private List<Path> pointFiles = List.of();

  @Option(
      names = "--anchor",
      paramLabel = "CURVE",
      description = "What curves are compared with (default: the first one).")
  private String anchor;

  @Option(names = "--up-to", paramLabel = "DB", description = "Count BD-rate up to this PSNR only.")
  private Double ceiling;

  @Option(
      names = "--domain",
      paramLabel = "DOMAIN",
      split = ",",
      description =
          "What errors are measured on: linear, log10, or both (default: linear, and log10 for"
              + " fields that a normalizer takes the logarithm of).")
  private List<String> domains;

  @Option(
      names = {"-P", "--channels-per-stream"},
      paramLabel = "P",
      description = "Latent channels per stream, or all (default: 64).")
  private String channelsPerStream;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all numbers as JSON.")
  private Path json;

  @Option(names = "--svg", paramLabel = "FILE", description = "Draw the curves.")
  private Path svg;

  @Mixin private FieldOptions field;
  @Mixin private WorkOptions work;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    List<EvaluatedCodec> codecs = EvaluatedCodec.all(models, pipelines, curves);
    checkOptions();
    checkOutputs();
    Map<String, FieldSource> sources = new LinkedHashMap<>();
    try (PendingFile jsonFile = json == null ? null : PendingFile.create(json);
        PendingFile svgFile = svg == null ? null : PendingFile.create(svg)) {
      for (String spec : data) {
        FieldSource source = field.open(spec);
        String name = FieldNames.of(spec);
        sources.put(sources.containsKey(name) ? spec : name, source);
      }
      RateReport report = measure(codecs, sources);
      new Console(work.quiet(), false, 0).say(report.table().stripTrailing());
      write(
          jsonFile,
          new GsonBuilder().setPrettyPrinting().serializeNulls().create().toJson(report.toJson()));
      write(svgFile, report.chart());
    } finally {
      for (FieldSource source : sources.values()) {
        source.close();
      }
    }
    return 0;
  }

  private void checkOptions() {
    EvaluatedCodec.requireOnce(data);
    if (normalizers.size() > 1 && normalizers.size() != data.size()) {
      throw new TesseraException.Invalid(
          ("--data names %d field%s, --normalizer is given %d times: give it once for all, or once"
                  + " for each")
              .formatted(data.size(), data.size() == 1 ? "" : "s", normalizers.size()));
    }
    if (ceiling != null && !(ceiling > 0)) {
      throw new TesseraException.Invalid(
          "--up-to takes a PSNR above 0 dB, as in 45, not " + ceiling);
    }
  }

  private void checkOutputs() throws IOException {
    List<String> read = new ArrayList<>(data);
    read.addAll(models);
    pointFiles.forEach(file -> read.add(file.toString()));
    Outputs.requireApart(read, json, svg);
  }

  private RateReport measure(List<EvaluatedCodec> codecs, Map<String, FieldSource> sources)
      throws IOException {
    Map<String, Long> values = new LinkedHashMap<>();
    sources.forEach((name, source) -> values.put(name, source.info().shape().elements()));
    Set<String> measured = new LinkedHashSet<>();
    codecs.forEach(codec -> measured.add(codec.curve()));
    // an earlier run's JSON holds the points that it read: they count once
    Set<RatePoint> others = new LinkedHashSet<>();
    for (Path file : pointFiles) {
      others.addAll(PointFile.read(file, values, measured));
    }
    Optional<String> reference = anchor(measured, others);
    RunInfo run =
        RunInfo.now(
            "tessera " + String.join(" ", command.commandLine().getParseResult().originalArgs()),
            new Main.Version().getVersion()[0],
            Map.of());
    List<RatePoint> points = new ArrayList<>();
    int index = 0;
    for (Map.Entry<String, FieldSource> entry : sources.entrySet()) {
      measure(codecs, entry.getKey(), entry.getValue(), normalizer(index++), points);
    }
    // what is measured again replaces what was read
    others.removeIf(old -> points.stream().anyMatch(point -> point.hasSettingOf(old)));
    points.addAll(others);
    double limit = ceiling == null ? Double.POSITIVE_INFINITY : ceiling;
    return new RateReport(
        run,
        points,
        reference,
        reference.map(name -> CurveComparison.all(points, name, limit)).orElse(List.of()));
  }

  /** The curve that others are compared with, known to exist; empty if there is only one. */
  private Optional<String> anchor(Set<String> measured, Set<RatePoint> others) {
    Set<String> names = new LinkedHashSet<>(measured);
    others.forEach(point -> names.add(point.curve()));
    if (anchor != null && !names.contains(anchor)) {
      throw new TesseraException.Invalid(
          "no curve is called '" + anchor + "': there are " + String.join(", ", names));
    }
    return names.size() < 2
        ? Optional.empty()
        : Optional.of(anchor == null ? names.iterator().next() : anchor);
  }

  private Optional<String> normalizer(int index) {
    return normalizers.isEmpty()
        ? Optional.empty()
        : Optional.of(normalizers.get(normalizers.size() == 1 ? 0 : index));
  }

  private void measure(
      List<EvaluatedCodec> codecs,
      String name,
      FieldSource source,
      Optional<String> normalizer,
      List<RatePoint> points)
      throws IOException {
    EvaluationField original =
        domains == null
            ? EvaluationField.of(name, source)
            : EvaluationField.of(name, source, wantedDomains());
    Console console = new Console(work.quiet(), false, source.info().type().bytes());
    CodecOptions options =
        work.options(console)
            .withChannelsPerStream(CompressionOptions.channelsPerStream(channelsPerStream));
    List<RatePoint> own = new ArrayList<>();
    for (EvaluatedCodec evaluated : codecs) {
      if (!work.quiet()) {
        System.err.println(name + "  " + evaluated.label());
      }
      try (Codec codec = evaluated.open(options, normalizer)) {
        own.add(RateBench.measure(original, codec, evaluated.curve(), evaluated.label()));
      }
    }
    // a normalizer may be chosen by the values: only now is it known whether one takes logarithms
    boolean linear =
        domains == null && own.stream().noneMatch(p -> p.measured().orElseThrow().ofLogarithms());
    own.forEach(point -> points.add(linear ? point.in(Domain.LINEAR) : point));
  }

  private Set<Domain> wantedDomains() {
    Set<Domain> wanted = EnumSet.noneOf(Domain.class);
    domains.forEach(domain -> wanted.add(Domain.parse(domain)));
    return wanted;
  }

  private static void write(PendingFile file, String text) throws IOException {
    if (file != null) {
      file.write(ByteBuffer.wrap((text.strip() + "\n").getBytes(StandardCharsets.UTF_8)), 0);
      file.commit();
    }
  }
}
