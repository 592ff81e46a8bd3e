package dev.tessera.train.network;

import dev.tessera.field.TesseraException;
import java.util.Locale;
import java.util.Objects;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.global.torch;

/**
 * Where libtorch computes: the CPU or the first CUDA device. The first use of this class loads
 * libtorch, and settles whether CUDA is there for the whole process; so it comes before any other
 * use of {@code org.bytedeco.pytorch}.
 */
public final class TorchDevice {
  private static final String EXTENSION = "org.bytedeco.javacpp.platform.extension";
  private static final String MEMORY_LIMIT = "org.bytedeco.javacpp.maxPhysicalBytes";
  private static final String GPU_NATIVES =
      "/org/bytedeco/pytorch/linux-x86_64-gpu/libjnitorch_cuda.so";

  static {
    // JavaCPP reads both once. The GPU build is preferred where both are on the class path
    if (TorchDevice.class.getResource(GPU_NATIVES) != null) {
      setDefault(EXTENSION, "-gpu");
    }
    // its limit counts the pages of mapped files as the process's own, and training data is mapped
    setDefault(MEMORY_LIMIT, "0");
  }

  private static void setDefault(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  private final String name;
  private final Device device;

  private TorchDevice(String name) {
    this.name = name;
    // constants may be initialized inside a caller's PointerScope, which must not free them
    this.device = Objects.requireNonNull(new Device(name).retainReference());
  }

  /**
   * The CPU.
   *
   * @throws TesseraException.Unsupported if libtorch is not there
   */
  public static TorchDevice cpu() {
    load();
    return Cpu.DEVICE;
  }

  /**
   * The device of a name.
   *
   * @param name {@code cpu}, {@code cuda}, or {@code auto}: CUDA where it works, else the CPU
   * @throws TesseraException.Unsupported if there is no CUDA device, or libtorch is not there
   * @throws TesseraException.Invalid if the name is another one
   */
  public static TorchDevice of(String name) {
    load();
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "cpu" -> cpu();
      case "cuda" -> Cuda.require();
      case "auto" -> Cuda.DEVICE != null ? Cuda.DEVICE : cpu();
      default ->
          throw new TesseraException.Invalid(
              "the device '" + name + "' is unknown: auto, cpu and cuda are known");
    };
  }

  /** Made on first use, when libtorch is there. */
  private static final class Cpu {
    private static final TorchDevice DEVICE = new TorchDevice("cpu");
  }

  /** The CUDA device, looked for on first use. */
  private static final class Cuda {
    private static final TorchDevice DEVICE = look();

    private static TorchDevice require() {
      if (DEVICE == null) {
        throw new TesseraException.Unsupported(
            "libtorch finds no CUDA device here: train with --device cpu, or see that its GPU"
                + " libraries are on the class path and the driver works");
      }
      return DEVICE;
    }

    private static TorchDevice look() {
      if (TorchDevice.class.getResource(GPU_NATIVES) == null) {
        return null;
      }
      try {
        // by name, since the class needs the CUDA bindings, which only GPU users have; and before
        // the first question about CUDA, or libtorch answers no until the process ends
        Class<?> bindings = Class.forName("org.bytedeco.pytorch.global.torch_cuda");
        Loader.load(bindings);
      } catch (ClassNotFoundException | LinkageError e) {
        return null;
      }
      if (!torch.cuda_is_available()) {
        return null;
      }
      Context context = torch.globalContext();
      // every step has the same shapes, so trying cuDNN's algorithms once pays
      context.setBenchmarkCuDNN(true);
      context.setAllowTF32CuDNN(false);
      context.setAllowTF32CuBLAS(false);
      context.setAllowBF16ReductionCuBLAS(false);
      return new TorchDevice("cuda:0");
    }
  }

  private static void load() {
    try {
      Loader.load(torch.class);
    } catch (LinkageError e) {
      throw new TesseraException.Unsupported(
          "libtorch, which training needs, cannot be loaded (" + e.getMessage() + ")");
    }
  }

  /** Whether this is a GPU. */
  public boolean isCuda() {
    return device.is_cuda();
  }

  /** libtorch's handle. */
  public Device handle() {
    return device;
  }

  /** Seeds the device's default generator: what it gives from here on follows from the seed. */
  void seed(long seed) {
    try (PointerScope scope = new PointerScope()) {
      torch.globalContext().defaultGenerator(device).set_current_seed(seed);
    }
  }

  /** {@code cpu} or {@code cuda:0}. */
  @Override
  public String toString() {
    return name;
  }
}
