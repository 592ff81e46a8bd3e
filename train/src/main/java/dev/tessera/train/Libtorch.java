package dev.tessera.train;

import dev.tessera.field.TesseraException;
import dev.tessera.train.network.TorchDevice;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;

/** Loads libtorch, and says in one sentence what is missing where that fails. */
final class Libtorch {
  private static final String CPU_CLASS = "org.bytedeco.pytorch.global.torch";
  private static final String CUDA_CLASS = "org.bytedeco.pytorch.global.torch_cuda";
  private static final String GPU_BUILD =
      "/org/bytedeco/pytorch/linux-x86_64-gpu/libjnitorch_cuda.so";

  /** How the dynamic linker says that a library needs another one. */
  private static final Pattern MISSING =
      Pattern.compile("(lib[\\w.+-]+\\.so[.\\d]*): cannot open shared object file");

  private Libtorch() {}

  /**
   * The device of a name.
   *
   * @param name {@code auto}, {@code cpu} or {@code cuda}
   * @param listener is told why {@code auto} leaves out a GPU that could be there
   * @throws TesseraException.Unsupported if libtorch or the device that is asked for is not there
   */
  static TorchDevice open(String name, TrainingListener listener) {
    boolean gpuBuild = Libtorch.class.getResource(GPU_BUILD) != null;
    JavaCppSettings.apply(gpuBuild);
    initialize(CPU_CLASS)
        .ifPresent(problem -> {
          throw new TesseraException.Unsupported(
              "libtorch, which training needs, cannot be loaded: " + problem);
        });
    if (name.equals("cpu")) {
      return TorchDevice.cpu();
    }
    // before the first question about CUDA, or libtorch answers no until the process ends
    Optional<String> problem =
        gpuBuild
            ? initialize(CUDA_CLASS)
            : Optional.of("libtorch's build for GPUs is not on the class path");
    TorchDevice device = problem.isEmpty() ? TorchDevice.of("auto") : TorchDevice.cpu();
    if (!device.isCuda()) {
      String reason = problem.orElse("the driver or a GPU that libtorch supports is missing");
      if (name.equals("cuda")) {
        throw new TesseraException.Unsupported(
            "CUDA cannot be used: " + reason + "; --device cpu trains without it");
      }
      if (gpuBuild) {
        listener.message("CUDA is not used: " + reason);
      }
    }
    return device;
  }

  /** Loads a class of JavaCPP's with its libraries; empty, or why that failed. */
  private static Optional<String> initialize(String name) {
    try {
      Loader.load(Class.forName(name));
      return Optional.empty();
    } catch (ClassNotFoundException | NoClassDefFoundError e) {
      return Optional.of(
          "its Java classes are not on the class path; ./tessera train fetches them");
    } catch (LinkageError e) {
      return Optional.of(reason(e));
    }
  }

  /** The innermost message that names a library, else the outermost one. */
  private static String reason(Throwable failure) {
    String missing = null;
    for (Throwable t = failure; t != null; t = t.getCause()) {
      Matcher matcher = MISSING.matcher(String.valueOf(t.getMessage()));
      if (matcher.find()) {
        missing = matcher.group(1);
      }
    }
    return missing != null
        ? missing
            + " is missing (put the folder of CUDA's libraries into LD_LIBRARY_PATH, or into"
            + " TESSERA_CUDA_LIBRARIES for the launcher)"
        : String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
  }
}
