package dev.tessera.bench;

import com.google.gson.JsonObject;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import dev.tessera.synth.CosmologySynth;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/** The tables of CompressAI-Science, each measured here. */
final class ReproduceParts {
  static final String COPY = "copy";
  static final String RANS = "rans";
  static final String E2E = "e2e";
  static final String PIPELINE = "pipeline";

  /** In this order. */
  static final List<String> NAMES = List.of(COPY, RANS, E2E, PIPELINE);

  private static final List<Integer> CHANNELS_PER_STREAM = List.of(1, 8, 64, 192);
  private static final List<String> BOUNDS = List.of("rel:1e-2", "rel:1e-3", "rel:1e-4");
  private static final List<String> PIPELINES =
      List.of("lorenzo3,bitpack", "lorenzo1,bitpack", "lorenzo3,rans");
  private static final List<CosmologySynth.Quantity> QUANTITIES =
      List.of(CosmologySynth.Quantity.DARK_MATTER_DENSITY, CosmologySynth.Quantity.VELOCITY_X);
  private static final List<String> CODECS =
      List.of("rans:64", "bitpack", "minmax:8+reference-eb=0.8+bitcomp");

  private final ReproduceOptions options;
  private final Function<Map<String, Map<String, String>>, RunInfo> info;
  private final Consumer<String> progress;

  /**
   * @param info of a run on some devices
   * @param progress told what comes next
   */
  ReproduceParts(
      ReproduceOptions options,
      Function<Map<String, Map<String, String>>, RunInfo> info,
      Consumer<String> progress) {
    this.options = options;
    this.info = info;
    this.progress = progress;
  }

  /** What a part measured, before it is written. */
  record Measured(
      String table,
      JsonObject json,
      Map<String, String> charts,
      List<Comparison> figures,
      List<String> notes) {}

  /** What a part is about, in a few words. */
  static String title(String name) {
    return switch (name) {
      case COPY -> "Copies of memory";
      case RANS -> "rANS over P, and other coders, of latents";
      case E2E -> "From tiles to streams and back";
      case PIPELINE -> "Error-bounded pipelines without a model";
      default -> throw new IllegalArgumentException(name);
    };
  }

  Measured run(String name) throws IOException {
    return switch (name) {
      case COPY -> copy();
      case RANS -> rans();
      case E2E -> e2e();
      case PIPELINE -> pipeline();
      default -> throw new IllegalArgumentException(name);
    };
  }

  private Measured copy() {
    List<CopyBench.Result> results =
        CopyBench.run(options.devices(), options.copyBytes(), options.runs());
    List<Comparison> figures = new ArrayList<>();
    for (CopyBench.Result row : results) {
      figures.add(
          new Comparison(
              Published.COPY + row.how(),
              row.device() + ", " + row.how() + ", read and written together",
              row.rate(),
              row.rate(),
              Double.NaN,
              Double.NaN));
    }
    return new Measured(
        CopyBench.table(results),
        CopyBench.toJson(info.apply(Map.of()), results),
        Map.of(),
        figures,
        List.of());
  }

  private static Map<String, Map<String, String>> properties(List<? extends BenchDevice> devices) {
    Map<String, Map<String, String>> properties = new LinkedHashMap<>();
    devices.forEach(device -> properties.put(device.name(), device.properties()));
    return properties;
  }

  private Measured rans() throws IOException {
    List<RansDevice> devices = RansDevices.open(options.devices());
    try {
      List<LatentSet> sets = new ArrayList<>();
      if (options.latents().isEmpty()) {
        for (CosmologySynth.Quantity quantity : QUANTITIES) {
          progress.accept("latents of " + quantity.fieldName());
          sets.addAll(
              new LatentSource(
                      options.model(), List.of(), List.of(), quantity.fieldName(), options.tiles())
                  .load());
        }
      } else {
        sets.addAll(
            new LatentSource(options.model(), options.latents(), List.of(), "", options.tiles())
                .load());
      }
      RunInfo run = info.apply(properties(devices));
      RansBench bench =
          new RansBench(
              devices,
              Arrays.asList(RansProfile.values()),
              CHANNELS_PER_STREAM,
              options.runs(),
              progress);
      RansReport report = new RansReport(run, bench.run(sets));
      return new Measured(
          report.table(),
          report.toJson(),
          report.charts(),
          report.results().stream().map(ReproduceParts::figure).toList(),
          List.of("GB/s and ratios of 32-bit symbols."));
    } finally {
      devices.forEach(RansDevice::close);
    }
  }

  private static Comparison figure(RansResult row) {
    String latents = row.what().latents().name();
    boolean ours = row.codesStreams() && row.what().profile() == RansProfile.COMPACT;
    String key =
        ours && row.device().equals("cuda")
            ? Published.RANS + known(latents) + "/" + row.what().channelsPerStream()
            : Published.LATENTS + row.device();
    String what =
        row.codesStreams()
            ? "%s, P = %d, %s, %s"
                .formatted(latents, row.what().channelsPerStream(), row.profileName(), row.device())
            : latents + ", " + row.device();
    return new Comparison(key, what, row.encodeRate(), row.decodeRate(), row.ratio(), Double.NaN);
  }

  /** The quantity in the name of a file of latents, or the name. */
  private static String known(String name) {
    return QUANTITIES.stream()
        .map(CosmologySynth.Quantity::fieldName)
        .filter(name::contains)
        .findFirst()
        .orElse(name);
  }

  private Measured e2e() throws IOException {
    if (!options.wantsGpu()) {
      throw new TesseraException.Unsupported("it runs on a GPU, which --device leaves out");
    }
    E2eOptions what =
        new E2eOptions(
            E2eShape.usual(options.tiles()),
            QUANTITIES.getFirst().fieldName(),
            Arrays.stream(Precision.values()).map(Precisions::of).toList(),
            CODECS,
            options.runs());
    Model model = ModelStore.user().find(options.model());
    try (E2eBench bench = new E2eBench(what, progress)) {
      E2eSection section = bench.measure(model, false, options.peers());
      Map<String, String> stack = options.peers() == null ? Map.of() : options.peers().stack();
      E2eReport report = new E2eReport(info.apply(bench.devices()), stack, List.of(section));
      List<String> notes = new ArrayList<>(section.skipped());
      notes.add(
          "GB/s of float32 tiles; the networks' lines have g_a as encode and g_s as decode. The"
              + " reference's bitcomp times include copies to the host.");
      return new Measured(
          report.table(), report.toJson(), report.charts(model.name()), figures(section), notes);
    }
  }

  private static List<Comparison> figures(E2eSection section) {
    List<Comparison> figures = new ArrayList<>();
    for (E2eResult row : section.results()) {
      String precision = row.precisions().toString();
      figures.add(
          new Comparison(
              Published.E2E + precision + "/" + row.codec(),
              precision + ", " + row.codec(),
              row.rate(row.encode()),
              row.rate(row.decode()),
              row.ratio(),
              row.psnr()));
      boolean first =
          section.results().stream()
              .filter(other -> other.precisions().equals(row.precisions()))
              .findFirst()
              .equals(Optional.of(row));
      if (first) {
        figures.add(
            new Comparison(
                Published.NETWORKS + precision,
                precision + ", g_a and g_s alone",
                row.rate(E2ePath.GA),
                row.rate(E2ePath.GS),
                Double.NaN,
                Double.NaN));
      }
    }
    for (PeerResult peer : section.peers()) {
      figures.add(
          new Comparison(
              "",
              peer.name() + ", g_a and g_s, this run",
              peer.analysisRate(),
              peer.synthesisRate(),
              Double.NaN,
              Double.NaN));
    }
    return figures;
  }

  private Measured pipeline() {
    List<PipelineDevice> devices = PipelineDevices.open(options.devices());
    try {
      RunInfo run = info.apply(properties(devices));
      List<BenchField> fields = new ArrayList<>();
      for (CosmologySynth.Quantity quantity : QUANTITIES) {
        progress.accept("making %s of %d^3".formatted(quantity.fieldName(), options.fields()));
        fields.add(BenchField.synthetic(options.fields(), quantity));
      }
      PipelineBench bench =
          new PipelineBench(
              devices, PipelineBench.combine(BOUNDS, PIPELINES), options.runs(), progress);
      PipelineReport report = new PipelineReport(run, bench.run(fields));
      return new Measured(
          report.table(),
          report.toJson(),
          report.charts(),
          report.results().stream().map(ReproduceParts::figure).toList(),
          List.of(
              "GB/s of the field. cuSZp's figures are of simulated fields of 512^3 on one H200,"
                  + " whole calls; ours here are of %d^3.".formatted(options.fields())));
    } finally {
      devices.forEach(PipelineDevice::close);
    }
  }

  private static Comparison figure(PipelineResult row) {
    String field = row.what().field().name();
    String bound = BOUNDS.stream().filter(row.what().asked()::contains).findFirst().orElse("");
    String key = row.device().equals("cuda") ? Published.PIPELINE + known(field) + "/" + bound : "";
    return new Comparison(
        key,
        field + ", " + row.what().spec() + ", " + row.device(),
        row.encodeRate(),
        row.decodeRate(),
        row.ratio(),
        row.metrics().psnr());
  }
}
