package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;

/** A compiled file of kernels on a device. */
public final class KernelModule {
  private static final long CUBIN_ALIGNMENT = 64;

  private final CudaContext context;
  private final KernelSource source;
  private final KernelCache.Origin origin;
  private final long handle;
  private final Map<String, Kernel> kernels = new ConcurrentHashMap<>();

  private KernelModule(
      CudaContext context, KernelSource source, KernelCache.Origin origin, long handle) {
    this.context = context;
    this.source = source;
    this.origin = origin;
    this.handle = handle;
  }

  static KernelModule load(CudaContext context, KernelSource source, KernelCache cache) {
    KernelCache.Cubin cubin = cache.cubin(source, context.device().architectures());
    long[] module = new long[1];
    int result = load(context, cubin.image(), module);
    if (unusable(result) && cubin.origin() != KernelCache.Origin.COMPILED) {
      // made by a compiler that is newer than this driver, or damaged: try the compiler at hand
      cubin = cache.compile(source, context.device().architecture());
      result = load(context, cubin.image(), module);
    }
    if (unusable(result)) {
      throw new TesseraException.Unsupported(
          ("the driver (CUDA %s) does not take the kernels of %s for %s (error %d): update the"
                  + " driver, or use a CUDA toolkit that is not newer than it")
              .formatted(
                  CudaDriver.versionText(CudaDriver.version()),
                  source.file(),
                  context.device().name(),
                  result));
    }
    CudaDriver.check("cuModuleLoadData", result);
    return new KernelModule(context, source, cubin.origin(), module[0]);
  }

  private static int load(CudaContext context, byte[] image, long[] module) {
    context.makeCurrent();
    try (Arena arena = Arena.ofConfined()) {
      // what is no cubin the driver reads as text, up to a zero
      MemorySegment cubin = arena.allocate(image.length + 1L, CUBIN_ALIGNMENT);
      MemorySegment.copy(image, 0, cubin, JAVA_BYTE, 0, image.length);
      MemorySegment out = arena.allocate(JAVA_LONG);
      int result = ModuleCalls.load(out, cubin);
      module[0] = out.get(JAVA_LONG, 0);
      return result;
    }
  }

  /** Whether the driver says that an image is not for it: invalid, no binary, PTX too new. */
  private static boolean unusable(int result) {
    return result == 200 || result == 209 || result == 218 || result == 222 || result == 300;
  }

  /**
   * A kernel of this file.
   *
   * @throws TesseraException.Invalid if it has none of that name
   */
  public Kernel kernel(String name) {
    return kernels.computeIfAbsent(name, this::find);
  }

  private Kernel find(String name) {
    context.makeCurrent();
    OptionalLong found = ModuleCalls.kernel(handle, name);
    if (found.isEmpty()) {
      throw new TesseraException.Invalid(
          "there is no kernel " + name + " in " + source.file() + " (is it extern \"C\"?)");
    }
    return new Kernel(context, name, found.getAsLong());
  }

  /** Where its machine code came from. */
  public KernelCache.Origin origin() {
    return origin;
  }

  void unload() {
    ModuleCalls.unload(handle);
  }
}
