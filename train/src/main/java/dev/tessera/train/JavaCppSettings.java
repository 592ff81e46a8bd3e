package dev.tessera.train;

/**
 * Settings of JavaCPP, through which libtorch is called. It reads them once, when its first class
 * is loaded, so this comes before any of libtorch's.
 */
final class JavaCppSettings {
  private static final String PREFIX = "org.bytedeco.javacpp.";

  private JavaCppSettings() {}

  /**
   * Sets what the user has not set.
   *
   * @param gpuBuild whether libtorch's build for GPUs is on the class path, to be preferred
   */
  static void apply(boolean gpuBuild) {
    if (gpuBuild) {
      set("platform.extension", "-gpu");
    }
    // by default it refuses to allocate once the process is larger than twice the heap, and counts
    // the pages of the mapped cache of values, which may be any number
    set("maxBytes", "0");
    set("maxPhysicalBytes", "0");
    // libtorch's POM names a version of OpenBLAS that does not exist; the warning about ours is no
    // user's business
    set("logger", "slf4j");
    if (System.getProperty("org.slf4j.simpleLogger.log.org.bytedeco") == null) {
      System.setProperty("org.slf4j.simpleLogger.log.org.bytedeco", "error");
    }
  }

  private static void set(String name, String value) {
    if (System.getProperty(PREFIX + name) == null) {
      System.setProperty(PREFIX + name, value);
    }
  }
}
