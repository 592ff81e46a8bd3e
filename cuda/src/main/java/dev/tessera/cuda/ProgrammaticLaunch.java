package dev.tessera.cuda;

import static dev.tessera.cuda.CudaDriver.check;
import static dev.tessera.cuda.CudaDriver.function;
import static dev.tessera.cuda.NativeLibrary.rethrow;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Programmatic dependent launch: a kernel whose blocks may become resident while the kernel before
 * it in the stream is running, once that one's blocks all have said {@code
 * griddepcontrol.launch_dependents} or ended. It must execute {@code griddepcontrol.wait} before it
 * touches memory that the other one uses. Works in stream capture; needs compute capability 9.0.
 */
final class ProgrammaticLaunch {
  static final int MINIMUM_MAJOR = 9;

  private static final MethodHandle LAUNCH =
      function("cuLaunchKernelEx", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);

  // CUlaunchConfig: grid, block and shared memory are seven ints from 0
  private static final int CONFIG_BYTES = 56;
  private static final int CONFIG_STREAM = 32;
  private static final int CONFIG_ATTRIBUTES = 40;
  private static final int CONFIG_ATTRIBUTE_COUNT = 48;

  // CUlaunchAttribute
  private static final int ATTRIBUTE_BYTES = 72;
  private static final int ATTRIBUTE_VALUE = 8;
  private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;

  /** A thread's configuration, so that launches allocate nothing. */
  private static final ThreadLocal<MemorySegment> CONFIG =
      ThreadLocal.withInitial(ProgrammaticLaunch::config);

  private ProgrammaticLaunch() {}

  private static MemorySegment config() {
    MemorySegment memory = Arena.ofAuto().allocate(CONFIG_BYTES + ATTRIBUTE_BYTES, Long.BYTES);
    MemorySegment attribute = memory.asSlice(CONFIG_BYTES, ATTRIBUTE_BYTES);
    attribute.set(JAVA_INT, 0, PROGRAMMATIC_STREAM_SERIALIZATION);
    attribute.set(JAVA_INT, ATTRIBUTE_VALUE, 1);
    memory.set(JAVA_LONG, CONFIG_ATTRIBUTES, attribute.address());
    memory.set(JAVA_INT, CONFIG_ATTRIBUTE_COUNT, 1);
    return memory;
  }

  static void launch(long kernel, LaunchShape shape, long stream, MemorySegment parameters) {
    MemorySegment config = CONFIG.get();
    config.setAtIndex(JAVA_INT, 0, shape.gridX());
    config.setAtIndex(JAVA_INT, 1, shape.gridY());
    config.setAtIndex(JAVA_INT, 2, shape.gridZ());
    config.setAtIndex(JAVA_INT, 3, shape.blockX());
    config.setAtIndex(JAVA_INT, 4, shape.blockY());
    config.setAtIndex(JAVA_INT, 5, shape.blockZ());
    config.setAtIndex(JAVA_INT, 6, shape.sharedBytes());
    config.set(JAVA_LONG, CONFIG_STREAM, stream);
    try {
      check("cuLaunchKernelEx", (int) LAUNCH.invokeExact(config, kernel, parameters, 0L));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }
}
