package dev.tessera.cuda;

import static dev.tessera.cuda.CudaDriver.check;
import static dev.tessera.cuda.CudaDriver.function;
import static dev.tessera.cuda.NativeLibrary.rethrow;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Driver functions for devices, contexts and memory. Handles and device addresses are longs. */
final class DeviceCalls {
  private static final MethodHandle COUNT = function("cuDeviceGetCount", ADDRESS);
  private static final MethodHandle GET = function("cuDeviceGet", ADDRESS, JAVA_INT);
  private static final MethodHandle NAME = function("cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle PCI =
      function("cuDeviceGetPCIBusId", ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle ATTRIBUTE =
      function("cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle TOTAL = function("cuDeviceTotalMem_v2", ADDRESS, JAVA_INT);
  private static final MethodHandle RETAIN =
      function("cuDevicePrimaryCtxRetain", ADDRESS, JAVA_INT);
  private static final MethodHandle RELEASE = function("cuDevicePrimaryCtxRelease_v2", JAVA_INT);
  private static final MethodHandle SET_CURRENT = function("cuCtxSetCurrent", JAVA_LONG);
  private static final MethodHandle SYNCHRONIZE = function("cuCtxSynchronize");
  private static final MethodHandle MEMORY_INFO = function("cuMemGetInfo_v2", ADDRESS, ADDRESS);
  private static final MethodHandle ALLOCATE = function("cuMemAlloc_v2", ADDRESS, JAVA_LONG);
  private static final MethodHandle FREE = function("cuMemFree_v2", JAVA_LONG);
  private static final MethodHandle ALLOCATE_HOST =
      function("cuMemHostAlloc", ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle FREE_HOST = function("cuMemFreeHost", JAVA_LONG);

  private static final int TEXT_BYTES = 256;
  private static final int PORTABLE = 1;

  private DeviceCalls() {}

  static int deviceCount() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_INT);
      check("cuDeviceGetCount", (int) COUNT.invokeExact(out));
      return out.get(JAVA_INT, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int device(int ordinal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_INT);
      check("cuDeviceGet", (int) GET.invokeExact(out, ordinal));
      return out.get(JAVA_INT, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static String deviceName(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_BYTE, TEXT_BYTES);
      check("cuDeviceGetName", (int) NAME.invokeExact(out, TEXT_BYTES, device));
      return out.getString(0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static String devicePciBusId(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_BYTE, TEXT_BYTES);
      check("cuDeviceGetPCIBusId", (int) PCI.invokeExact(out, TEXT_BYTES, device));
      return out.getString(0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int deviceAttribute(int attribute, int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_INT);
      check("cuDeviceGetAttribute", (int) ATTRIBUTE.invokeExact(out, attribute, device));
      return out.get(JAVA_INT, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static long deviceTotalMemory(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check("cuDeviceTotalMem", (int) TOTAL.invokeExact(out, device));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static long retainPrimaryContext(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check("cuDevicePrimaryCtxRetain", (int) RETAIN.invokeExact(out, device));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void releasePrimaryContext(int device) {
    try {
      check("cuDevicePrimaryCtxRelease", (int) RELEASE.invokeExact(device));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void setCurrentContext(long context) {
    try {
      check("cuCtxSetCurrent", (int) SET_CURRENT.invokeExact(context));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void synchronizeContext() {
    try {
      check("cuCtxSynchronize", (int) SYNCHRONIZE.invokeExact());
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Bytes of the current context's device that nobody uses now. */
  static long freeMemory() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment free = arena.allocate(JAVA_LONG);
      MemorySegment total = arena.allocate(JAVA_LONG);
      check("cuMemGetInfo", (int) MEMORY_INFO.invokeExact(free, total));
      return free.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** A device address, or 0 if there is not that much memory. */
  static long allocateOrZero(long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      int result = (int) ALLOCATE.invokeExact(out, bytes);
      if (result == CudaDriver.OUT_OF_MEMORY) {
        return 0;
      }
      check("cuMemAlloc", result);
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void free(long address_dev) {
    try {
      check("cuMemFree", (int) FREE.invokeExact(address_dev));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** The address of page-locked host memory, or 0 if there is not that much. */
  static long allocateHostOrZero(long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      int result = (int) ALLOCATE_HOST.invokeExact(out, bytes, PORTABLE);
      if (result == CudaDriver.OUT_OF_MEMORY) {
        return 0;
      }
      check("cuMemHostAlloc", result);
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void freeHost(long address) {
    try {
      check("cuMemFreeHost", (int) FREE_HOST.invokeExact(address));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }
}
