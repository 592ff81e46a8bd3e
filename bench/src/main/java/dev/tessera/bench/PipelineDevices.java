package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;

/** The devices that {@code --device} names. */
public final class PipelineDevices {
  private PipelineDevices() {}

  /**
   * Opens devices.
   *
   * @param names {@code cpu} (one thread, and all), {@code cuda}, or {@code auto}: both where there
   *     is a GPU
   * @throws TesseraException.Unsupported if a device is named that is not here
   */
  public static List<PipelineDevice> open(List<String> names) {
    List<PipelineDevice> devices = new ArrayList<>();
    for (String name : names) {
      switch (name) {
        case "cpu" -> devices.addAll(cpu());
        case "cuda" -> devices.add(new CudaPipelineDevice());
        case "auto" -> {
          devices.addAll(cpu());
          if (CudaSession.available()) {
            devices.add(new CudaPipelineDevice());
          }
        }
        default ->
            throw new TesseraException.Invalid(
                "there is no device '" + name + "': name cpu, cuda or auto");
      }
    }
    return devices;
  }

  private static List<PipelineDevice> cpu() {
    int cores = Runtime.getRuntime().availableProcessors();
    return cores == 1
        ? List.of(new CpuPipelineDevice(1))
        : List.of(new CpuPipelineDevice(1), new CpuPipelineDevice(cores));
  }
}
