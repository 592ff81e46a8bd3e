package dev.tessera.cuda;

import static dev.tessera.cuda.CudaDriver.check;
import static dev.tessera.cuda.CudaDriver.function;
import static dev.tessera.cuda.NativeLibrary.rethrow;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Driver functions for streams: copies, events and graphs. Handles are longs. */
final class StreamCalls {
  private static final MethodHandle CREATE = function("cuStreamCreate", ADDRESS, JAVA_INT);
  private static final MethodHandle DESTROY = function("cuStreamDestroy_v2", JAVA_LONG);
  private static final MethodHandle SYNCHRONIZE = function("cuStreamSynchronize", JAVA_LONG);
  private static final MethodHandle AWAIT =
      function("cuStreamWaitEvent", JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final MethodHandle UPLOAD =
      function("cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle DOWNLOAD =
      function("cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle COPY =
      function("cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle FILL =
      function("cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle FILL_INTS =
      function("cuMemsetD32Async", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle EVENT_CREATE = function("cuEventCreate", ADDRESS, JAVA_INT);
  private static final MethodHandle EVENT_DESTROY = function("cuEventDestroy_v2", JAVA_LONG);
  private static final MethodHandle EVENT_RECORD = function("cuEventRecord", JAVA_LONG, JAVA_LONG);
  private static final MethodHandle EVENT_QUERY = function("cuEventQuery", JAVA_LONG);
  private static final MethodHandle EVENT_SYNCHRONIZE = function("cuEventSynchronize", JAVA_LONG);
  private static final MethodHandle EVENT_ELAPSED =
      function("cuEventElapsedTime", ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle CAPTURE_BEGIN =
      function("cuStreamBeginCapture_v2", JAVA_LONG, JAVA_INT);
  private static final MethodHandle CAPTURE_END =
      function("cuStreamEndCapture", JAVA_LONG, ADDRESS);
  private static final MethodHandle GRAPH_INSTANTIATE =
      function("cuGraphInstantiateWithFlags", ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle GRAPH_DESTROY = function("cuGraphDestroy", JAVA_LONG);
  private static final MethodHandle GRAPH_LAUNCH = function("cuGraphLaunch", JAVA_LONG, JAVA_LONG);
  private static final MethodHandle GRAPH_EXEC_DESTROY = function("cuGraphExecDestroy", JAVA_LONG);

  private static final int NON_BLOCKING = 1;
  private static final int CAPTURE_THREAD_LOCAL = 1;
  private static final int NOT_READY = 600;

  private StreamCalls() {}

  static long create() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check("cuStreamCreate", (int) CREATE.invokeExact(out, NON_BLOCKING));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void destroy(long stream) {
    try {
      check("cuStreamDestroy", (int) DESTROY.invokeExact(stream));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void synchronize(long stream) {
    try {
      check("cuStreamSynchronize", (int) SYNCHRONIZE.invokeExact(stream));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void await(long stream, long event) {
    try {
      check("cuStreamWaitEvent", (int) AWAIT.invokeExact(stream, event, 0));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void upload(long to_dev, MemorySegment from, long bytes, long stream) {
    try {
      check("cuMemcpyHtoDAsync", (int) UPLOAD.invokeExact(to_dev, from, bytes, stream));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void download(MemorySegment to, long from_dev, long bytes, long stream) {
    try {
      check("cuMemcpyDtoHAsync", (int) DOWNLOAD.invokeExact(to, from_dev, bytes, stream));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void copy(long to_dev, long from_dev, long bytes, long stream) {
    try {
      check("cuMemcpyDtoDAsync", (int) COPY.invokeExact(to_dev, from_dev, bytes, stream));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void fill(long to_dev, byte value, long bytes, long stream) {
    try {
      check("cuMemsetD8Async", (int) FILL.invokeExact(to_dev, value, bytes, stream));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void fillInts(long to_dev, int value, long count, long stream) {
    try {
      check("cuMemsetD32Async", (int) FILL_INTS.invokeExact(to_dev, value, count, stream));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static long createEvent() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check("cuEventCreate", (int) EVENT_CREATE.invokeExact(out, 0));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void destroyEvent(long event) {
    try {
      check("cuEventDestroy", (int) EVENT_DESTROY.invokeExact(event));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void record(long event, long stream) {
    try {
      check("cuEventRecord", (int) EVENT_RECORD.invokeExact(event, stream));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Whether all work before the event is done. */
  static boolean eventDone(long event) {
    try {
      int result = (int) EVENT_QUERY.invokeExact(event);
      if (result == NOT_READY) {
        return false;
      }
      check("cuEventQuery", result);
      return true;
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void synchronizeEvent(long event) {
    try {
      check("cuEventSynchronize", (int) EVENT_SYNCHRONIZE.invokeExact(event));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static float elapsedMilliseconds(long start, long end) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_FLOAT);
      check("cuEventElapsedTime", (int) EVENT_ELAPSED.invokeExact(out, start, end));
      return out.get(JAVA_FLOAT, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void beginCapture(long stream) {
    try {
      check("cuStreamBeginCapture", (int) CAPTURE_BEGIN.invokeExact(stream, CAPTURE_THREAD_LOCAL));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** The captured graph. */
  static long endCapture(long stream) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check("cuStreamEndCapture", (int) CAPTURE_END.invokeExact(stream, out));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static long instantiate(long graph) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check("cuGraphInstantiate", (int) GRAPH_INSTANTIATE.invokeExact(out, graph, 0L));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void destroyGraph(long graph) {
    try {
      check("cuGraphDestroy", (int) GRAPH_DESTROY.invokeExact(graph));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void launchGraph(long executable, long stream) {
    try {
      check("cuGraphLaunch", (int) GRAPH_LAUNCH.invokeExact(executable, stream));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void destroyExecutable(long executable) {
    try {
      check("cuGraphExecDestroy", (int) GRAPH_EXEC_DESTROY.invokeExact(executable));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }
}
