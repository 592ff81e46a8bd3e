package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Looks at everything that CUDA needs here, and says what is missing and what to do about it. */
public final class Doctor {
  /** How a finding is to be taken. */
  public enum Status {
    /** It is there. */
    FOUND,
    /** It is not there, and nothing needs it. */
    ABSENT,
    /** It keeps CUDA from being used, or from working as it should. */
    PROBLEM
  }

  /**
   * One finding.
   *
   * @param name what was looked for
   * @param detail what was found
   * @param advice what to do; empty if there is nothing to do
   */
  public record Finding(String name, Status status, String detail, String advice) {
    static Finding found(String name, String detail) {
      return new Finding(name, Status.FOUND, detail, "");
    }
  }

  private Doctor() {}

  /** All findings, in the order in which they depend on each other. Never throws. */
  public static List<Finding> examine() {
    return examine(KernelCache.user());
  }

  static List<Finding> examine(KernelCache cache) {
    List<Finding> findings = new ArrayList<>();
    findings.add(guarded("NVIDIA driver", Doctor::driver));
    List<CudaDevice> devices = CudaDriver.unavailable().isEmpty() ? devices(findings) : List.of();
    findings.add(guarded("kernel compiler", () -> compiler(cache, devices)));
    findings.add(guarded("kernel cache", () -> kernelCache(cache, devices)));
    findings.add(guarded("packaged kernels", () -> packaged(cache, devices)));
    findings.add(guarded("nvCOMP", Doctor::nvComp));
    return List.copyOf(findings);
  }

  private static Finding guarded(String name, Supplier<Finding> examination) {
    try {
      return examination.get();
    } catch (RuntimeException | LinkageError e) {
      return new Finding(name, Status.PROBLEM, String.valueOf(e.getMessage()), "");
    }
  }

  private static Finding driver() {
    Optional<CudaDriver.Obstacle> obstacle = CudaDriver.obstacle();
    return obstacle.isPresent()
        ? new Finding(
            "NVIDIA driver", Status.PROBLEM, obstacle.get().problem(), obstacle.get().advice())
        : Finding.found(
            "NVIDIA driver",
            "for CUDA %s (%s)"
                .formatted(
                    CudaDriver.versionText(CudaDriver.version()),
                    CudaDriver.location().orElseThrow()));
  }

  private static List<CudaDevice> devices(List<Finding> findings) {
    try {
      List<CudaDevice> devices = CudaDevice.list();
      for (CudaDevice device : devices) {
        findings.add(guarded("GPU " + device.ordinal(), () -> device(device)));
      }
      return devices;
    } catch (TesseraException e) {
      findings.add(new Finding("GPU", Status.PROBLEM, e.getMessage(), "check nvidia-smi"));
      return List.of();
    }
  }

  private static Finding device(CudaDevice device) {
    String properties =
        "%s at %s: compute capability %d.%d, %d multiprocessors, %.0f MB L2, %.1f GB memory"
            .formatted(
                device.name(),
                device.pciBusId(),
                device.major(),
                device.minor(),
                device.multiprocessors(),
                device.l2Bytes() / 1e6,
                device.memoryBytes() / 1e9);
    if (device.major() < CudaDevice.MINIMUM_MAJOR) {
      return new Finding(
          "GPU " + device.ordinal(),
          Status.PROBLEM,
          properties,
          "use a GPU of compute capability " + CudaDevice.MINIMUM_MAJOR + ".0 or higher");
    }
    try (CudaContext context = CudaContext.open(device.ordinal())) {
      return Finding.found(
          "GPU " + device.ordinal(),
          properties + ", %.1f GB free".formatted(context.freeMemory() / 1e9));
    }
  }

  private static Finding compiler(KernelCache cache, List<CudaDevice> devices) {
    Optional<KernelCompiler> compiler = KernelCompiler.find();
    Optional<String> stated = Nvrtc.stated();
    if (stated.isPresent() && compiler.filter(Nvrtc.class::isInstance).isEmpty()) {
      return new Finding(
          "kernel compiler",
          Status.PROBLEM,
          stated.get() + " is no library that can be loaded",
          "correct " + Nvrtc.VARIABLE);
    }
    if (compiler.isPresent()) {
      return Finding.found(
          "kernel compiler", compiler.get().description() + " (" + compiler.get().location() + ")");
    }
    boolean needed =
        devices.stream()
            .anyMatch(device ->
                cache.countPrecompiled(device.architectures()) < KernelCatalog.SOURCES.size());
    return new Finding(
        "kernel compiler",
        needed ? Status.PROBLEM : Status.ABSENT,
        "neither NVRTC nor nvcc was found",
        KernelCompiler.advice());
  }

  private static Finding kernelCache(KernelCache cache, List<CudaDevice> devices) {
    List<KernelCache.Entry> entries = KernelCache.list(cache.folder());
    StringBuilder detail =
        new StringBuilder("%s: %d files of kernels".formatted(cache.folder(), entries.size()));
    for (CudaDevice device : devices) {
      long count =
          entries.stream()
              .filter(entry -> entry.architecture().equals(device.architecture()))
              .count();
      detail.append(
          ", %d for GPU %d (%s)".formatted(count, device.ordinal(), device.architecture()));
    }
    return writable(cache.folder())
        ? Finding.found("kernel cache", detail.toString())
        : new Finding(
            "kernel cache",
            Status.PROBLEM,
            detail + ", not writable",
            "make it writable or set XDG_CACHE_HOME: until then every start compiles again");
  }

  // of a folder that does not exist yet, the nearest one above it counts
  private static boolean writable(Path folder) {
    Path existing = folder.toAbsolutePath();
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    return existing != null && Files.isDirectory(existing) && Files.isWritable(existing);
  }

  private static Finding packaged(KernelCache cache, List<CudaDevice> devices) {
    List<String> details = new ArrayList<>();
    for (CudaDevice device : devices) {
      details.add(
          "%d of %d for GPU %d"
              .formatted(
                  cache.countPrecompiled(device.architectures()),
                  KernelCatalog.SOURCES.size(),
                  device.ordinal()));
    }
    for (Path folder : cache.precompiledFolders()) {
      details.add("%d in %s".formatted(KernelCache.list(folder).size(), folder));
      if (!Files.isDirectory(folder)) {
        return new Finding(
            "packaged kernels",
            Status.PROBLEM,
            folder + " is no folder",
            "correct " + KernelCache.PRECOMPILED_VARIABLE);
      }
    }
    // without a device there is none to count for: what lies there counts
    boolean any =
        devices.isEmpty()
            ? cache.precompiledFolders().stream().anyMatch(f -> !KernelCache.list(f).isEmpty())
            : devices.stream().anyMatch(d -> cache.countPrecompiled(d.architectures()) > 0);
    return new Finding(
        "packaged kernels",
        any ? Status.FOUND : Status.ABSENT,
        details.isEmpty() ? "none stated" : String.join(", ", details),
        "");
  }

  private static Finding nvComp() {
    return NvComp.find()
        .map(
            library -> Finding.found("nvCOMP", library.version() + " (" + library.location() + ")"))
        .orElseGet(() -> new Finding("nvCOMP", Status.ABSENT, NvComp.problem(), NvComp.ADVICE));
  }
}
