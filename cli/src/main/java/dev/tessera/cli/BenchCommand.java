package dev.tessera.cli;

import dev.tessera.field.TesseraException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code tessera bench}. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measure how fast and how small, on this machine.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      BenchRansCommand.class,
      BenchPipelineCommand.class,
      BenchE2eCommand.class,
      BenchCopyCommand.class,
      BenchReproduceCommand.class
    })
final class BenchCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new TesseraException.Invalid(
        "say what to measure: bench rans, bench pipeline, bench e2e, bench copy, or all of it:"
            + " bench reproduce");
  }
}
