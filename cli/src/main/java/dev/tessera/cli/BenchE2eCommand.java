package dev.tessera.cli;

import dev.tessera.bench.E2eBench;
import dev.tessera.bench.E2eOptions;
import dev.tessera.bench.E2eReport;
import dev.tessera.bench.E2eSection;
import dev.tessera.bench.E2eShape;
import dev.tessera.bench.PyTorchPeers;
import dev.tessera.bench.RandomModels;
import dev.tessera.model.Model;
import dev.tessera.transform.Precisions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tessera bench e2e}. */
@Command(
    name = "e2e",
    mixinStandardHelpOptions = true,
    description =
        "Measure models on the GPU from tiles to streams and back: whole, in parts, and layer by"
            + " layer.",
    footer = {
      "",
      "Examples:",
      "  tessera bench e2e --precision fp32,fp16 --codec rans:64,bitpack --json e2e.json"
          + " --svg e2e.svg",
      "  tessera bench e2e --random-model bmshj2018-factorized,192,320 --precision fp16,fp8"
    })
final class BenchE2eCommand implements Callable<Integer> {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      split = ",",
      description =
          "Models, such as one for each rate: names, ids or files, with commas between them"
              + " (default: "
              + Models.BENCHMARK
              + ").")
  private List<String> models = List.of();

  @Option(
      names = "--random-model",
      paramLabel = "ARCH,N,M[,CHANNELS]",
      description =
          "A model of random weights, as in bmshj2018-factorized,192,320: only for its speed; may"
              + " be repeated.")
  private List<String> random = List.of();

  @Option(
      names = "--precision",
      paramLabel = "PRECISION",
      defaultValue = "fp32,fp16",
      description =
          "fp32, fp16, fp8, with commas between them; with semicolons, one for each network as in"
              + " ga=fp8,gs=fp16 (default: ${DEFAULT-VALUE}).")
  private String precisions;

  @Option(
      names = "--codec",
      paramLabel = "CODEC",
      split = ",",
      defaultValue = "rans:64,bitpack",
      description =
          "rans:P, bitpack, or a pipeline of the latents with + between its parts, as in"
              + " minmax:8+reference-eb=0.8+bitcomp (default: ${DEFAULT-VALUE}).")
  private List<String> codecs;

  @Option(
      names = "--quantity",
      defaultValue = "dark_matter_density",
      description = "The simulated field that tiles are cut from (default: ${DEFAULT-VALUE}).")
  private String quantity;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "512",
      description = "Tiles of 128x128 (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--shape",
      paramLabel = "TxCxHxW",
      description =
          "Tiles, their channels, rows and columns, as in 8x3x1024x1024, in place of --batch.")
  private String shape;

  @Mixin private PeerOptions peers;

  @Mixin private BenchOutput output;

  /** A model and whether its weights are random. */
  private record Candidate(Model model, boolean random) {}

  @Override
  public Integer call() throws IOException {
    output.requireApartFrom(models);
    E2eOptions options =
        new E2eOptions(
            shape == null ? E2eShape.usual(batch) : E2eShape.parse(shape),
            quantity,
            parse(precisions),
            codecs,
            output.runs());
    PyTorchPeers others = peers.peers();
    List<Candidate> candidates = candidates(options);
    try (E2eBench bench = new E2eBench(options, output::progress)) {
      List<E2eSection> sections = new ArrayList<>();
      for (Candidate candidate : candidates) {
        sections.add(bench.measure(candidate.model(), candidate.random(), others));
      }
      E2eReport report =
          new E2eReport(
              output.info(bench.devices()), others == null ? Map.of() : others.stack(), sections);
      output.write(report.table(), report.toJson(), report.charts(quantity));
    }
    return 0;
  }

  private List<Candidate> candidates(E2eOptions options) throws IOException {
    List<Candidate> candidates = new ArrayList<>();
    for (String name : models) {
      candidates.add(new Candidate(Models.find(name), false));
    }
    for (String text : random) {
      candidates.add(new Candidate(RandomModels.make(text, options.needsCalibration()), true));
    }
    if (candidates.isEmpty()) {
      candidates.add(new Candidate(Models.find(Models.BENCHMARK), false));
    }
    return candidates;
  }

  /** A list with commas, unless a network is named, which needs them itself. */
  static List<Precisions> parse(String text) {
    List<Precisions> all = new ArrayList<>();
    for (String part : text.split(text.contains("=") ? ";" : ",")) {
      all.add(Precisions.parse(part));
    }
    return all;
  }
}
