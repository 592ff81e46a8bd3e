package dev.tessera.cli;

import picocli.CommandLine.Option;

/** How often a measurement is repeated, and whether it says what it is at. */
final class BenchRuns {
  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "0",
      description = "Timed runs per figure (default: by device).")
  private int runs;

  @Option(
      names = {"-q", "--quiet"},
      description = "Do not tell progress.")
  private boolean quiet;

  int runs() {
    return runs;
  }

  /** What is being measured now, on standard error. */
  void progress(String line) {
    if (!quiet) {
      System.err.println(line);
    }
  }
}
