package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A device in use: its primary context, so that other libraries of the process share its memory.
 * Any thread may use it and what it makes; streams, arenas and kernels are to be closed, or out of
 * use, before it is closed.
 */
public final class CudaContext implements AutoCloseable {
  private final CudaDevice device;
  private final int deviceHandle;
  private final long handle;
  private final KernelCache kernels;
  private final Map<KernelSource, KernelModule> modules = new ConcurrentHashMap<>();
  private boolean closed;

  private CudaContext(CudaDevice device, int deviceHandle, long handle, KernelCache kernels) {
    this.device = device;
    this.deviceHandle = deviceHandle;
    this.handle = handle;
    this.kernels = kernels;
  }

  /**
   * Opens a device, with the user's kernel cache.
   *
   * @param ordinal its number, from 0
   * @throws TesseraException.Unsupported if CUDA or this device cannot be used
   */
  public static CudaContext open(int ordinal) {
    return open(ordinal, KernelCache.user());
  }

  /** As {@link #open(int)}, with another kernel cache. */
  public static CudaContext open(int ordinal, KernelCache kernels) {
    CudaDriver.require();
    int count = DeviceCalls.deviceCount();
    if (ordinal < 0 || ordinal >= count) {
      throw new TesseraException.Invalid(
          "there is no GPU %d: this process sees %d, numbered from 0".formatted(ordinal, count));
    }
    CudaDevice device = CudaDevice.read(ordinal);
    device
        .unsupported()
        .ifPresent(why -> {
          throw new TesseraException.Unsupported(why);
        });
    int deviceHandle = DeviceCalls.device(ordinal);
    long handle = DeviceCalls.retainPrimaryContext(deviceHandle);
    return new CudaContext(device, deviceHandle, handle, kernels);
  }

  /** The device's properties. */
  public CudaDevice device() {
    return device;
  }

  /** Makes the context current on the calling thread; what it makes does this by itself. */
  public void makeCurrent() {
    DeviceCalls.setCurrentContext(handle);
  }

  /** Bytes of device memory that are free now. */
  public long freeMemory() {
    makeCurrent();
    return DeviceCalls.freeMemory();
  }

  /** Waits for all work on the device. */
  public void synchronize() {
    makeCurrent();
    DeviceCalls.synchronizeContext();
  }

  /** A stream that does not wait for the default stream. */
  public CudaStream newStream() {
    makeCurrent();
    return new CudaStream(this, StreamCalls.create());
  }

  /** An event with time. */
  public CudaEvent newEvent() {
    makeCurrent();
    return new CudaEvent(this, StreamCalls.createEvent());
  }

  /** An arena of device memory that grows by slabs of at least {@code slabBytes}. */
  public DeviceArena newArena(long slabBytes) {
    return new DeviceArena(new DeviceSlabs(this), slabBytes);
  }

  /** An arena of page-locked host memory that grows by slabs of at least {@code slabBytes}. */
  public PinnedArena newPinnedArena(long slabBytes) {
    return new PinnedArena(new PinnedSlabs(this), slabBytes);
  }

  /**
   * A kernel, compiled if no cache has it.
   *
   * @param file name of its file among the kernels, such as {@code copy.cu}
   * @param name its name, declared as {@code extern "C"}
   * @param options options of the compiler
   */
  public Kernel kernel(String file, String name, String... options) {
    return module(new KernelSource(file, List.of(options))).kernel(name);
  }

  /** A compiled file of kernels. */
  public KernelModule module(KernelSource source) {
    return modules.computeIfAbsent(source, key -> KernelModule.load(this, key, kernels));
  }

  /** Where kernels are compiled and kept. */
  public KernelCache kernels() {
    return kernels;
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    makeCurrent();
    try {
      modules.values().forEach(KernelModule::unload);
    } finally {
      DeviceCalls.releasePrimaryContext(deviceHandle);
    }
  }

  /** Device memory straight from the driver. */
  private record DeviceSlabs(CudaContext context) implements SlabArena.Slabs {
    @Override
    public long allocateOrZero(long bytes) {
      context.makeCurrent();
      return DeviceCalls.allocateOrZero(bytes);
    }

    @Override
    public void free(long address) {
      context.makeCurrent();
      DeviceCalls.free(address);
    }

    @Override
    public String shortage(long bytes) {
      return ("%s has %.2f GB of free memory, but %.2f GB more are needed: use smaller batches or"
              + " tiles")
          .formatted(context.device.name(), context.freeMemory() / 1e9, bytes / 1e9);
    }
  }

  /** Page-locked host memory straight from the driver. */
  private record PinnedSlabs(CudaContext context) implements SlabArena.Slabs {
    @Override
    public long allocateOrZero(long bytes) {
      context.makeCurrent();
      return DeviceCalls.allocateHostOrZero(bytes);
    }

    @Override
    public void free(long address) {
      context.makeCurrent();
      DeviceCalls.freeHost(address);
    }

    @Override
    public String shortage(long bytes) {
      return "the system gives no %.2f GB of page-locked memory: use smaller batches or tiles"
          .formatted(bytes / 1e9);
    }
  }
}
