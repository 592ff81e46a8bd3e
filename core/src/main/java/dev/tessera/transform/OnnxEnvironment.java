package dev.tessera.transform;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtLoggingLevel;
import dev.tessera.field.TesseraException;

/** Loads ONNX Runtime's native library, which its Java classes do when they are first touched. */
final class OnnxEnvironment {
  private OnnxEnvironment() {}

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
