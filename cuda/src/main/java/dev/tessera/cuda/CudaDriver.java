package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * The CUDA driver, found when it is first asked for. Its API is that of NVIDIA's CUDA Driver API
 * reference; a driver for CUDA {@value #MINIMUM_MAJOR}.{@value #MINIMUM_MINOR} or newer is needed.
 */
public final class CudaDriver {
  static final int MINIMUM_MAJOR = 12;
  static final int MINIMUM_MINOR = 4;

  static final int OUT_OF_MEMORY = 2;
  private static final int STUB_LIBRARY = 34;
  private static final int NO_DEVICE = 100;
  private static final int DRIVER_MISMATCH = 803;

  private CudaDriver() {}

  /** Why CUDA cannot be used here and what to do about it; empty if it can. Never throws. */
  public static Optional<String> unavailable() {
    return Optional.ofNullable(Holder.STATE.obstacle()).map(Obstacle::sentence);
  }

  /** What keeps CUDA from being used here; empty if nothing does. */
  static Optional<Obstacle> obstacle() {
    return Optional.ofNullable(Holder.STATE.obstacle());
  }

  /** The name or path of the driver's library; empty if there is none. */
  static Optional<String> location() {
    return Optional.ofNullable(Holder.STATE.library()).map(NativeLibrary::name);
  }

  /**
   * The newest CUDA version that the driver knows, such as 13000 for 13.0; 0 if there is no driver.
   */
  public static int version() {
    return Holder.STATE.version();
  }

  /** A version number of NVIDIA's as people write it: 12040 is 12.4. */
  static String versionText(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  /**
   * Fails if CUDA cannot be used here.
   *
   * @throws TesseraException.Unsupported with the reason
   */
  public static void require() {
    if (Holder.STATE.obstacle() != null) {
      throw new TesseraException.Unsupported(Holder.STATE.obstacle().sentence());
    }
  }

  /** A handle of a driver function that returns a CUresult. */
  static MethodHandle function(String name, MemoryLayout... parameters) {
    FunctionDescriptor descriptor = FunctionDescriptor.of(JAVA_INT, parameters);
    NativeLibrary library = Holder.STATE.library();
    return library != null
        ? library.function(name, descriptor)
        : NativeLibrary.missing(Holder.STATE.obstacle().sentence(), descriptor);
  }

  /** Throws what a driver function's result means, unless it is success. */
  static void check(String call, int result) {
    if (result != 0) {
      throw failure(call, result);
    }
  }

  private static TesseraException failure(String call, int result) {
    return result == OUT_OF_MEMORY
        ? new TesseraException.Unsupported(
            call + ": the GPU has not enough free memory; use smaller batches or tiles")
        : new TesseraException.Gpu(call, result, Descriptions.describe(result));
  }

  /**
   * What keeps CUDA from being used.
   *
   * @param problem what is wrong
   * @param advice what to do about it
   */
  record Obstacle(String problem, String advice) {
    String sentence() {
      return problem + ": " + advice;
    }
  }

  private record State(NativeLibrary library, int version, Obstacle obstacle) {}

  private static final class Holder {
    static final State STATE = probe();

    private static State probe() {
      Optional<NativeLibrary> library = NativeLibrary.open(names());
      return library.isPresent() ? probe(library.get()) : new State(null, 0, noDriver());
    }

    private static State probe(NativeLibrary library) {
      FunctionDescriptor init = FunctionDescriptor.of(JAVA_INT, JAVA_INT);
      FunctionDescriptor get = FunctionDescriptor.of(JAVA_INT, ADDRESS);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment out = arena.allocate(JAVA_INT);
        int result = (int) library.function("cuInit", init).invokeExact(0);
        int versionResult = (int) library.function("cuDriverGetVersion", get).invokeExact(out);
        int version = versionResult == 0 ? out.get(JAVA_INT, 0) : 0;
        return new State(library, version, obstacle(result, version, library.name()));
      } catch (Throwable e) {
        return new State(
            library,
            0,
            new Obstacle(
                library.name() + " is no working NVIDIA driver (" + e.getMessage() + ")",
                "install the driver again"));
      }
    }

    private static Obstacle noDriver() {
      return new Obstacle(
          "no NVIDIA driver was found ("
              + names().getFirst()
              + " is not where the system looks for libraries)",
          "install one for CUDA "
              + minimum()
              + " or newer, or start this container with access to the GPU");
    }
  }

  /** What is wrong with a driver, given what cuInit returned; null if nothing is. */
  static Obstacle obstacle(int initResult, int version, String library) {
    return switch (initResult) {
      case 0 -> version < MINIMUM_MAJOR * 1000 + MINIMUM_MINOR * 10 ? tooOld(version) : null;
      case NO_DEVICE ->
          new Obstacle(
              "the NVIDIA driver finds no GPU", "check nvidia-smi and CUDA_VISIBLE_DEVICES");
      case STUB_LIBRARY ->
          new Obstacle(
              library + " is the toolkit's stub and no driver",
              "take its folder out of LD_LIBRARY_PATH");
      case DRIVER_MISMATCH ->
          new Obstacle(
              "the NVIDIA driver's library and kernel module differ",
              "restart the machine after a driver update");
      default ->
          new Obstacle(
              "the NVIDIA driver does not start (cuInit failed with " + initResult + ")",
              "check nvidia-smi");
    };
  }

  private static Obstacle tooOld(int version) {
    return new Obstacle(
        "the NVIDIA driver is for CUDA %s, but %s or newer is needed"
            .formatted(versionText(version), minimum()),
        "update the driver");
  }

  private static String minimum() {
    return MINIMUM_MAJOR + "." + MINIMUM_MINOR;
  }

  private static List<String> names() {
    return NativeLibrary.windows()
        ? List.of("nvcuda.dll")
        : List.of("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "libcuda.so");
  }

  /** What the driver says about its results; a class of its own because it needs the driver. */
  private static final class Descriptions {
    private static final MethodHandle NAME = function("cuGetErrorName", JAVA_INT, ADDRESS);
    private static final MethodHandle TEXT = function("cuGetErrorString", JAVA_INT, ADDRESS);
    private static final int MAX_TEXT = 4096;

    static String describe(int result) {
      String text = text(NAME, result) + ", " + text(TEXT, result);
      return sticky(result)
          ? text + "; the GPU takes no further work from this process: start it again"
          : text;
    }

    private static String text(MethodHandle handle, int result) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment out = arena.allocate(ADDRESS);
        int status = (int) handle.invokeExact(result, out);
        MemorySegment text = out.get(ADDRESS, 0);
        return status != 0 || text.address() == 0
            ? "unknown error"
            : text.reinterpret(MAX_TEXT).getString(0);
      } catch (Throwable e) {
        throw NativeLibrary.rethrow(e);
      }
    }
  }

  /** Whether a result leaves the process's context unusable (CUDA Driver API, CUresult). */
  static boolean sticky(int result) {
    return switch (result) {
      case 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721 -> true;
      default -> false;
    };
  }
}
