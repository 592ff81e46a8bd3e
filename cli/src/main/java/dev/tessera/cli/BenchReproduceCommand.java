package dev.tessera.cli;

import dev.tessera.bench.ReproduceOptions;
import dev.tessera.bench.Reproduction;
import dev.tessera.bench.RunInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tessera bench reproduce}. */
@Command(
    name = "reproduce",
    mixinStandardHelpOptions = true,
    description = {
      "Measure every table of CompressAI-Science into one folder, beside its published figures.",
      "Parts that cannot run here say why, and the rest goes on."
    },
    footer = {"", "Example:", "  tessera bench reproduce --out reproduced --peers"})
final class BenchReproduceCommand implements Callable<Integer> {
  private static final long MEGA = 1_000_000;

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      defaultValue = "tessera-reproduced",
      description = "Where summary.md and all other files go (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Option(
      names = "--parts",
      paramLabel = "PART",
      split = ",",
      defaultValue = "copy,rans,e2e,pipeline",
      description = "What to measure (default: ${DEFAULT-VALUE}).")
  private List<String> parts;

  @Mixin private BenchDevices devices;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      defaultValue = Models.BENCHMARK,
      description = "Factorized model: name, id or file (default: ${DEFAULT-VALUE}).")
  private String model;

  @Option(
      names = "--latents",
      paramLabel = "FILE",
      split = ",",
      description = "Files of symbols, as for bench rans (default: the model makes them).")
  private List<Path> latents = List.of();

  @Option(
      names = "--synth",
      paramLabel = "N",
      defaultValue = "256",
      description =
          "Points along each side of the fields of pipelines (default: ${DEFAULT-VALUE}; published"
              + " figures are of 512).")
  private int fields;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "512",
      description = "Tiles of 128x128 (default: ${DEFAULT-VALUE}).")
  private int tiles;

  @Option(
      names = "--megabytes",
      paramLabel = "N",
      defaultValue = "512",
      description = "How much is copied, in 10^6 bytes (default: ${DEFAULT-VALUE}).")
  private int megabytes;

  @Mixin private BenchRuns runs;

  @Mixin private PeerOptions peers;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    ReproduceOptions options =
        new ReproduceOptions(
            out,
            parts,
            devices.names(),
            model,
            latents,
            fields,
            tiles,
            megabytes * MEGA,
            runs.runs(),
            peers.peers());
    String page =
        new Reproduction(
                options,
                properties ->
                    RunInfo.now(
                        BenchOutput.commandLine(command),
                        new Main.Version().getVersion()[0],
                        properties),
                runs::progress)
            .run();
    System.out.printf("%s%n%s%n", page, out.resolve(Reproduction.SUMMARY));
    return 0;
  }
}
