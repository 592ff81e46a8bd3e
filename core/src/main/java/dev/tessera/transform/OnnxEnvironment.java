package dev.tessera.transform;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtLoggingLevel;
import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Loads ONNX Runtime's native library, which its Java classes do when they are first touched.
 *
 * <p>From 1.29 on that library collects usage events and tries to upload them, unless the
 * environment variable {@code ORT_DISABLE_TELEMETRY} is set when it is loaded. A tool for other
 * people's data reports nothing to anyone, so it is set here; the library's own call to stop it
 * comes too late for its first events.
 */
final class OnnxEnvironment {
  private static final String NO_TELEMETRY = "ORT_DISABLE_TELEMETRY";

  static {
    forbidTelemetry();
  }

  private OnnxEnvironment() {}

  /** Sets the variable in this process; the Java API cannot, C's can. */
  private static void forbidTelemetry() {
    if (System.getenv(NO_TELEMETRY) != null) {
      return;
    }
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> setenv = linker.defaultLookup().find("setenv");
    if (setenv.isEmpty()) {
      return; // Windows, where there is neither setenv nor, without it, another way from here
    }
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle call =
          linker.downcallHandle(
              setenv.get(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_INT));
      int failed =
          (int) call.invokeExact(arena.allocateFrom(NO_TELEMETRY), arena.allocateFrom("1"), 1);
      if (failed != 0) {
        throw new IllegalStateException("setenv failed");
      }
    } catch (Throwable e) {
      throw new IllegalStateException("ONNX Runtime's telemetry cannot be switched off", e);
    }
  }

  /**
   * ONNX Runtime's environment, of which a process has one. It reports nothing but errors.
   *
   * @throws TesseraException.Unsupported if there is no library for this platform
   */
  static OrtEnvironment get() {
    try {
      return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "tessera");
    } catch (LinkageError | RuntimeException e) {
      throw unavailable(System.getProperty("os.name"), System.getProperty("os.arch"), e);
    }
  }

  static TesseraException unavailable(String system, String processor, Throwable cause) {
    TesseraException failure =
        new TesseraException.Unsupported(
            "ONNX Runtime's library cannot be loaded on "
                + system
                + " "
                + processor
                + ": it comes for Linux (x64 and aarch64, glibc), macOS (aarch64) and Windows"
                + " (x64), and needs a folder for temporary files that allows execution"
                + " (-Djava.io.tmpdir)");
    failure.addSuppressed(cause);
    return failure;
  }
}
