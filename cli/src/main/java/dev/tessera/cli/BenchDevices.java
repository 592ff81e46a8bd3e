package dev.tessera.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** What a measurement runs on. */
final class BenchDevices {
  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      split = ",",
      defaultValue = "auto",
      description = "cpu, cuda or both (default: both where there is a GPU).")
  private List<String> names;

  List<String> names() {
    return names;
  }
}
