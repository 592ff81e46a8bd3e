package dev.tessera.cli;

import dev.tessera.codec.CodecOptions;
import dev.tessera.transform.Precisions;
import picocli.CommandLine.Option;

/** How the work is done; none of it changes what a file means, though precision what it holds. */
final class WorkOptions {
  @Option(
      names = "--device",
      defaultValue = "auto",
      description = "Where to compute: auto, cpu or cuda.")
  private String device;

  @Option(
      names = "--precision",
      paramLabel = "PRECISION",
      description =
          "How a model's networks compute on a CUDA device: fp32 (the default), fp16, fp8 (after"
              + " tessera calibrate), or one for each, as in ga=fp8,gs=fp16.")
  private String precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads (default: all cores).")
  private int threads;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "0",
      description = "Tiles or chunks per batch (default: by size).")
  private int batch;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print errors only.")
  private boolean quiet;

  boolean quiet() {
    return quiet;
  }

  CodecOptions options(Console console) {
    return CodecOptions.DEFAULTS
        .withDevice(device)
        .withPrecisions(precision == null ? Precisions.DEFAULT : Precisions.parse(precision))
        .withWork(threads, batch, 0)
        .withProgress(console.progress());
  }
}
