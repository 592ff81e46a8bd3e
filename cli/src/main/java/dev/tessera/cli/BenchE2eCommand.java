package dev.tessera.cli;

import dev.tessera.bench.E2eBench;
import dev.tessera.bench.E2eReport;
import dev.tessera.bench.E2eResult;
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
        "Measure a model on the GPU from tiles to streams and back: whole, in parts, and layer by"
            + " layer.",
    footer = {
      "",
      "Example:",
      "  tessera bench e2e --precision fp32,fp16 --codec rans:64,bitpack --json e2e.json"
          + " --svg e2e.svg"
    })
final class BenchE2eCommand implements Callable<Integer> {
  @Option(
      names = {"-m", "--model"},
      description = "Factorized model: name, id or file (default: " + Models.DEFAULT + ").")
  private String model;

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
      description = "rans:P or bitpack (default: ${DEFAULT-VALUE}).")
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

  @Mixin private BenchOutput output;

  @Override
  public Integer call() throws IOException {
    List<Precisions> wanted = parse(precisions);
    Model found = Models.find(model);
    try (E2eBench bench = new E2eBench(found, quantity, batch, output.runs(), output::progress)) {
      List<E2eResult> results = bench.run(wanted, codecs);
      String input =
          "%s (N=%d, M=%d), %d tiles of %dx128x128 of %s"
              .formatted(
                  found.name(), found.n(), found.m(), batch, found.inputChannels(), quantity);
      E2eReport report =
          new E2eReport(output.info(bench.devices()), input, results, bench.layers());
      output.write(report.table(), report.toJson(), Map.of(quantity, report.chart()));
    }
    return 0;
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
