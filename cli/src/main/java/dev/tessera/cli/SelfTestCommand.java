package dev.tessera.cli;

import dev.tessera.bench.CpuChecks;
import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaDriver;
import dev.tessera.cuda.SelfTest;
import dev.tessera.field.TesseraException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tessera selftest}. */
@Command(
    name = "selftest",
    mixinStandardHelpOptions = true,
    description = "Check on this machine that Tessera computes what it should.")
final class SelfTestCommand implements Callable<Integer> {
  @Option(
      names = "--device",
      defaultValue = "auto",
      description = "cpu, cuda, or auto: cpu, and cuda where there is a GPU (default).")
  private String device;

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Only checks whose name holds this text.")
  private String only;

  private int passed;
  private int failed;

  @Override
  public Integer call() {
    switch (device) {
      case "cpu" -> cpu();
      case "cuda" -> cuda();
      case "auto" -> {
        cpu();
        Optional<String> obstacle = CudaDriver.unavailable();
        if (obstacle.isPresent()) {
          System.out.println("cuda  skipped: " + obstacle.get());
        } else {
          cuda();
        }
      }
      default ->
          throw new TesseraException.Invalid(
              "there is no device '" + device + "': name cpu, cuda or auto");
    }
    if (passed + failed == 0) {
      throw new TesseraException.Invalid("no check has '" + only + "' in its name");
    }
    System.out.printf("%d passed, %d failed%n", passed, failed);
    return failed == 0 ? 0 : Main.DATA;
  }

  private void cpu() {
    for (CpuChecks.Outcome outcome : CpuChecks.run(only)) {
      tell("cpu", outcome.name(), outcome.failure(), outcome.seconds());
    }
  }

  private void cuda() {
    Optional<String> obstacle = CudaDriver.unavailable();
    if (obstacle.isPresent()) {
      throw new TesseraException.Unsupported(obstacle.get());
    }
    try (CudaContext context = CudaContext.open(0)) {
      // one after the other, so that a check that hangs is known by what is missing
      SelfTest.run(
          context,
          only,
          outcome -> tell("cuda", outcome.name(), outcome.failure(), outcome.seconds()));
    }
  }

  private void tell(String where, String name, String failure, double seconds) {
    boolean good = failure.isEmpty();
    passed += good ? 1 : 0;
    failed += good ? 0 : 1;
    System.out.printf(
        Locale.ROOT,
        "%-4s  %-6s  %6.2f s  %s%s%n",
        where,
        good ? "passed" : "FAILED",
        seconds,
        name,
        good ? "" : ": " + failure);
  }
}
