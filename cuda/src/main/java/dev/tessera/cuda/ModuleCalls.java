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
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Driver functions for modules and kernels. Handles are longs. */
final class ModuleCalls {
  static final int MAX_THREADS_PER_BLOCK = 0;
  static final int STATIC_SHARED_BYTES = 1;
  static final int LOCAL_BYTES = 3;
  static final int REGISTERS = 4;
  static final int MAX_DYNAMIC_SHARED_BYTES = 8;

  private static final MethodHandle LOAD = function("cuModuleLoadData", ADDRESS, ADDRESS);
  private static final MethodHandle UNLOAD = function("cuModuleUnload", JAVA_LONG);
  private static final MethodHandle FUNCTION =
      function("cuModuleGetFunction", ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle GET_ATTRIBUTE =
      function("cuFuncGetAttribute", ADDRESS, JAVA_INT, JAVA_LONG);
  private static final MethodHandle SET_ATTRIBUTE =
      function("cuFuncSetAttribute", JAVA_LONG, JAVA_INT, JAVA_INT);
  private static final MethodHandle PARAMETER =
      function("cuFuncGetParamInfo", JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS);
  private static final MethodHandle OCCUPANCY =
      function(
          "cuOccupancyMaxActiveBlocksPerMultiprocessor", ADDRESS, JAVA_LONG, JAVA_INT, JAVA_LONG);
  private static final MethodHandle LAUNCH =
      function(
          "cuLaunchKernel",
          JAVA_LONG,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_LONG,
          ADDRESS,
          JAVA_LONG);

  private static final int INVALID_VALUE = 1;
  private static final int NOT_FOUND = 500;

  private ModuleCalls() {}

  /** The result of loading {@code image}, whose module is then in {@code module}. */
  static int load(MemorySegment module, MemorySegment image) {
    try {
      return (int) LOAD.invokeExact(module, image);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void unload(long module) {
    try {
      check("cuModuleUnload", (int) UNLOAD.invokeExact(module));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** A kernel of a module; empty if it has none of that name. */
  static OptionalLong kernel(long module, String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      int result = (int) FUNCTION.invokeExact(out, module, arena.allocateFrom(name));
      if (result == NOT_FOUND) {
        return OptionalLong.empty();
      }
      check("cuModuleGetFunction", result);
      return OptionalLong.of(out.get(JAVA_LONG, 0));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int attribute(int attribute, long kernel) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_INT);
      check("cuFuncGetAttribute", (int) GET_ATTRIBUTE.invokeExact(out, attribute, kernel));
      return out.get(JAVA_INT, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void setAttribute(long kernel, int attribute, int value) {
    try {
      check("cuFuncSetAttribute", (int) SET_ATTRIBUTE.invokeExact(kernel, attribute, value));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Sizes of a kernel's parameters in bytes, in their order. */
  static List<Long> parameterBytes(long kernel) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment offset = arena.allocate(JAVA_LONG);
      MemorySegment bytes = arena.allocate(JAVA_LONG);
      List<Long> sizes = new ArrayList<>();
      while (true) {
        int result = (int) PARAMETER.invokeExact(kernel, (long) sizes.size(), offset, bytes);
        if (result == INVALID_VALUE) {
          return List.copyOf(sizes);
        }
        check("cuFuncGetParamInfo", result);
        sizes.add(bytes.get(JAVA_LONG, 0));
      }
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int blocksPerMultiprocessor(long kernel, int blockThreads, long sharedBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_INT);
      check(
          "cuOccupancyMaxActiveBlocksPerMultiprocessor",
          (int) OCCUPANCY.invokeExact(out, kernel, blockThreads, sharedBytes));
      return out.get(JAVA_INT, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void launch(long kernel, LaunchShape shape, long stream, MemorySegment parameters) {
    try {
      check(
          "cuLaunchKernel",
          (int)
              LAUNCH.invokeExact(
                  kernel,
                  shape.gridX(),
                  shape.gridY(),
                  shape.gridZ(),
                  shape.blockX(),
                  shape.blockY(),
                  shape.blockZ(),
                  shape.sharedBytes(),
                  stream,
                  parameters,
                  0L));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }
}
