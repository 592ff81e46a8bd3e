package dev.tessera.cli;

import dev.tessera.bench.CopyBench;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tessera bench copy}. */
@Command(
    name = "copy",
    mixinStandardHelpOptions = true,
    description = "Measure how fast memory is copied: the ceiling of the other measurements.")
final class BenchCopyCommand implements Callable<Integer> {
  @Option(
      names = "--megabytes",
      paramLabel = "N",
      defaultValue = "512",
      description = "How much is copied, in 10^6 bytes (default: ${DEFAULT-VALUE}).")
  private int megabytes;

  @Mixin private BenchDevices devices;

  @Mixin private BenchOutput output;

  @Override
  public Integer call() throws IOException {
    output.requireApartFrom(List.of());
    List<CopyBench.Result> results =
        CopyBench.run(devices.names(), megabytes * 1_000_000L, output.runs());
    output.write(
        CopyBench.table(results), CopyBench.toJson(output.info(Map.of()), results), Map.of());
    return 0;
  }
}
