package dev.tessera.cli;

import dev.tessera.bench.LatentSet;
import dev.tessera.bench.LatentSource;
import dev.tessera.bench.RansBench;
import dev.tessera.bench.RansDevice;
import dev.tessera.bench.RansDevices;
import dev.tessera.bench.RansProfile;
import dev.tessera.bench.RansReport;
import dev.tessera.bench.RunInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tessera bench rans}. */
@Command(
    name = "rans",
    mixinStandardHelpOptions = true,
    description =
        "Measure the entropy coder over P: throughput and compression ratio, with a chart.",
    footer = {
      "",
      "Example:",
      "  tessera bench rans --latents rho_512x192x8x8.i8 -P 8,64,192 --svg rans.svg"
    })
final class BenchRansCommand implements Callable<Integer> {
  @Option(
      names = {"-m", "--model"},
      defaultValue = Models.BENCHMARK,
      description = "Factorized model: name, id or file (default: " + Models.BENCHMARK + ").")
  private String model;

  @Option(
      names = "--latents",
      paramLabel = "FILE",
      split = ",",
      description =
          "Files of symbols, tiles x channels x height x width, such as rho_512x192x8x8.i8 (i8,"
              + " i16, i32; also .xz).")
  private List<Path> latents = List.of();

  @Option(
      names = "--synthetic",
      paramLabel = "laplace:ALIVE:BITS",
      split = ",",
      description = "Random latents, such as laplace:160:3.4: channels alive, bits a symbol.")
  private List<String> synthetic = List.of();

  @Option(
      names = "--quantity",
      defaultValue = "dark_matter_density",
      description =
          "Without --latents and --synthetic: the simulated field that the model transforms"
              + " (default: ${DEFAULT-VALUE}).")
  private String quantity;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "0",
      description = "Tiles (default: 512, or all of a file).")
  private int batch;

  @Option(
      names = "-P",
      paramLabel = "P",
      split = ",",
      defaultValue = "1,2,3,4,6,8,12,16,24,32,48,64,96,192",
      description = "Channels per stream (default: ${DEFAULT-VALUE}).")
  private List<Integer> channelsPerStream;

  @Option(
      names = "--profile",
      split = ",",
      defaultValue = "compact,compatible",
      description = "compact, compatible or both (default).")
  private List<RansProfile> profiles;

  @Mixin private BenchDevices devices;

  @Mixin private BenchOutput output;

  @Override
  public Integer call() throws IOException {
    List<String> read = new ArrayList<>(List.of(model));
    latents.forEach(file -> read.add(file.toString()));
    output.requireApartFrom(read);
    List<RansDevice> opened = RansDevices.open(devices.names());
    try {
      List<LatentSet> sets = new LatentSource(model, latents, synthetic, quantity, batch).load();
      RunInfo info = output.info(opened);
      RansBench bench =
          new RansBench(opened, profiles, channelsPerStream, output.runs(), output::progress);
      RansReport report = new RansReport(info, bench.run(sets));
      output.write(report.table(), report.toJson(), report.charts());
      return 0;
    } finally {
      opened.forEach(RansDevice::close);
    }
  }
}
