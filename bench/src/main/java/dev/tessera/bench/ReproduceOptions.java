package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import java.nio.file.Path;
import java.util.List;

/**
 * What {@code bench reproduce} runs.
 *
 * @param out folder for all files
 * @param parts names of {@link ReproduceParts}
 * @param devices {@code cpu}, {@code cuda} or {@code auto}
 * @param model name, id or file of a factorized model
 * @param latents files of symbols; without any, the model makes them
 * @param fields points along each side of simulated fields
 * @param tiles of a batch
 * @param copyBytes how much is copied
 * @param runs how often, 0 for what is usual
 * @param peers who else runs the networks; null for nobody
 */
public record ReproduceOptions(
    Path out,
    List<String> parts,
    List<String> devices,
    String model,
    List<Path> latents,
    int fields,
    int tiles,
    long copyBytes,
    int runs,
    PyTorchPeers peers) {
  private static final List<String> DEVICES = List.of("cpu", "cuda", "auto");
  private static final int LEAST_FIELD = 16;

  /**
   * Checks names and numbers.
   *
   * @throws TesseraException.Invalid if there is no such part or device, or nothing to do
   */
  public ReproduceOptions {
    parts = List.copyOf(parts);
    devices = List.copyOf(devices);
    latents = List.copyOf(latents);
    for (String part : parts) {
      if (!ReproduceParts.NAMES.contains(part)) {
        throw new TesseraException.Invalid(
            "there is no part '" + part + "': name " + String.join(", ", ReproduceParts.NAMES));
      }
    }
    for (String device : devices) {
      if (!DEVICES.contains(device)) {
        throw new TesseraException.Invalid(
            "there is no device '" + device + "': name " + String.join(", ", DEVICES));
      }
    }
    require(!parts.isEmpty(), "name at least one part");
    require(
        fields >= LEAST_FIELD,
        "fields have at least %d points along each side, not %d".formatted(LEAST_FIELD, fields));
    require(tiles > 0, "a batch has at least one tile, not " + tiles);
    require(copyBytes > 0, "at least one byte is copied, not " + copyBytes);
    require(runs >= 0, "a figure is timed at least once, not " + runs + " times");
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new TesseraException.Invalid(message);
    }
  }

  /** Whether there may be a GPU among the devices. */
  boolean wantsGpu() {
    return devices.stream().anyMatch(device -> !device.equals("cpu"));
  }
}
