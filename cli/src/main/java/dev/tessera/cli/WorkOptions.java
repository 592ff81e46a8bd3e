package dev.tessera.cli;

import dev.tessera.codec.CodecOptions;
import dev.tessera.field.TesseraException;
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
      description = "Threads, at least 1 (default: all cores).")
  private Integer threads;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Tiles or chunks per batch, at least 1 (default: by size).")
  private Integer batch;

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
        .withWork(given(threads, "number of threads"), given(batch, "batch"), 0)
        .withProgress(console.progress());
  }

  /** What was asked for, or 0, by which the codec chooses. */
  private static int given(Integer value, String what) {
    if (value != null && value < 1) {
      throw new TesseraException.Invalid("the " + what + " is at least 1, not " + value);
    }
    return value == null ? 0 : value;
  }
}
