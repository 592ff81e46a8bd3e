package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.util.List;

/** A kernel on a device, ready to be launched; any thread may launch it. */
public final class Kernel {
  private static final ThreadLocal<Arguments> ARGUMENTS = ThreadLocal.withInitial(Arguments::new);

  private final CudaContext context;
  private final String name;
  private final long handle;
  private final List<Long> parameterBytes;
  private final int maxThreads;
  private final int staticShared;
  private volatile int dynamicSharedLimit;

  Kernel(CudaContext context, String name, long handle) {
    this.context = context;
    this.name = name;
    this.handle = handle;
    parameterBytes = ModuleCalls.parameterBytes(handle);
    maxThreads = ModuleCalls.attribute(ModuleCalls.MAX_THREADS_PER_BLOCK, handle);
    staticShared = ModuleCalls.attribute(ModuleCalls.STATIC_SHARED_BYTES, handle);
    dynamicSharedLimit = ModuleCalls.attribute(ModuleCalls.MAX_DYNAMIC_SHARED_BYTES, handle);
  }

  /** Its name in its file. */
  public String name() {
    return name;
  }

  /** Registers of a thread. */
  public int registers() {
    context.makeCurrent();
    return ModuleCalls.attribute(ModuleCalls.REGISTERS, handle);
  }

  /** Bytes of local memory of a thread: more than 0 means that registers are spilled. */
  public int localBytes() {
    context.makeCurrent();
    return ModuleCalls.attribute(ModuleCalls.LOCAL_BYTES, handle);
  }

  /** Bytes of shared memory of a block that the kernel declares itself. */
  public int staticShared() {
    return staticShared;
  }

  /** The most threads of a block. */
  public int maxThreads() {
    return maxThreads;
  }

  /** How many blocks fit onto a multiprocessor at once. */
  public int blocksPerMultiprocessor(int blockThreads, int sharedBytes) {
    context.makeCurrent();
    allowShared(sharedBytes);
    return ModuleCalls.blocksPerMultiprocessor(handle, blockThreads, sharedBytes);
  }

  /** An empty list of arguments to fill and reuse. */
  public Arguments arguments() {
    return new Arguments();
  }

  /**
   * Launches with a Long, Integer, Float, Double, {@link DeviceBuffer} or native segment (a struct)
   * for each parameter.
   *
   * @throws TesseraException.Invalid before the launch, if arguments or shape do not fit the kernel
   */
  public void launch(CudaStream stream, LaunchShape shape, Object... arguments) {
    Arguments list = ARGUMENTS.get().reset();
    for (Object argument : arguments) {
      list.addBoxed(argument);
    }
    launch(stream, shape, list);
  }

  /**
   * Launches with arguments that are reused, without allocating anything.
   *
   * @throws TesseraException.Invalid before the launch, if arguments or shape do not fit the kernel
   */
  public void launch(CudaStream stream, LaunchShape shape, Arguments arguments) {
    prepare(shape, arguments);
    ModuleCalls.launch(handle, shape, stream.handle(), arguments.pointers());
  }

  /**
   * Launches like {@link #launch(CudaStream, LaunchShape, Arguments)}, but lets blocks begin while
   * the kernel before this one in the stream is running, where the device can: a kernel that waits
   * for the one before it by itself, with {@code griddepcontrol.wait}.
   *
   * @throws TesseraException.Invalid before the launch, if arguments or shape do not fit the kernel
   */
  public void launchDependent(CudaStream stream, LaunchShape shape, Arguments arguments) {
    if (context.device().major() < ProgrammaticLaunch.MINIMUM_MAJOR) {
      launch(stream, shape, arguments);
      return;
    }
    prepare(shape, arguments);
    ProgrammaticLaunch.launch(handle, shape, stream.handle(), arguments.pointers());
  }

  private void prepare(LaunchShape shape, Arguments arguments) {
    arguments.require(name, parameterBytes);
    if (shape.blockThreads() > maxThreads) {
      throw new TesseraException.Invalid(
          "the kernel %s takes blocks of up to %d threads, not %d"
              .formatted(name, maxThreads, shape.blockThreads()));
    }
    context.makeCurrent();
    allowShared(shape.sharedBytes());
  }

  private void allowShared(int bytes) {
    if (bytes > dynamicSharedLimit) {
      raiseSharedLimit(bytes);
    }
  }

  // above 48 KB the driver must be told beforehand
  private synchronized void raiseSharedLimit(int bytes) {
    if (bytes <= dynamicSharedLimit) {
      return;
    }
    int most = context.device().sharedPerBlock() - staticShared;
    if (bytes > most) {
      throw new TesseraException.Invalid(
          "the kernel %s can have %d bytes of dynamic shared memory on %s, not %d"
              .formatted(name, most, context.device().name(), bytes));
    }
    ModuleCalls.setAttribute(handle, ModuleCalls.MAX_DYNAMIC_SHARED_BYTES, bytes);
    dynamicSharedLimit = bytes;
  }
}
