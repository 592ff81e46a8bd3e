package dev.tessera.bench;

import dev.tessera.cuda.CudaDriver;
import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;

/** The devices that {@code --device} names. */
public final class RansDevices {
  private RansDevices() {}

  /**
   * Opens devices.
   *
   * @param names {@code cpu} (one thread, and all), {@code cuda}, or {@code auto}: both where there
   *     is a GPU
   * @throws TesseraException.Unsupported if a device is named that is not here
   */
  public static List<RansDevice> open(List<String> names) {
    List<RansDevice> devices = new ArrayList<>();
    for (String name : names) {
      switch (name) {
        case "cpu" -> devices.addAll(cpu());
        case "cuda" -> devices.addAll(cuda());
        case "auto" -> {
          devices.addAll(cpu());
          if (CudaSession.available()) {
            devices.addAll(cuda());
          }
        }
        default ->
            throw new TesseraException.Invalid(
                "there is no device '" + name + "': name cpu, cuda or auto");
      }
    }
    return devices;
  }

  private static List<RansDevice> cpu() {
    int cores = Runtime.getRuntime().availableProcessors();
    return cores == 1
        ? List.of(new CpuRansDevice(1))
        : List.of(new CpuRansDevice(1), new CpuRansDevice(cores));
  }

  private static List<RansDevice> cuda() {
    List<RansDevice> devices = new ArrayList<>();
    CudaDriver.require();
    devices.add(new CudaRansDevice());
    devices.add(new ReferenceRansDevice());
    devices.add(new BitpackRansDevice());
    devices.addAll(NvCompRansDevice.open());
    return devices;
  }
}
