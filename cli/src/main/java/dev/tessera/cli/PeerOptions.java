package dev.tessera.cli;

import dev.tessera.bench.PyTorchPeers;
import dev.tessera.field.TesseraException;
import picocli.CommandLine.Option;

/** Which other programs do the same work. */
final class PeerOptions {
  @Option(
      names = "--peers",
      description = "Time the same networks in PyTorch, too, and compare what they give.")
  private boolean wanted;

  @Option(
      names = "--python",
      paramLabel = "PROGRAM",
      defaultValue = "python3",
      description = "A Python with PyTorch, for --peers (default: ${DEFAULT-VALUE}).")
  private String python;

  @Option(
      names = "--peer-seconds",
      paramLabel = "N",
      defaultValue = "300",
      description = "When peers are stopped (default: ${DEFAULT-VALUE}).")
  private int seconds;

  /** Those that are asked for; null if none are. */
  PyTorchPeers peers() {
    if (seconds < 1) {
      throw new TesseraException.Invalid("--peer-seconds takes a number from 1 up");
    }
    return wanted ? new PyTorchPeers(python, seconds) : null;
  }
}
