package dev.tessera.codec;

import com.sun.management.OperatingSystemMXBean;
import dev.tessera.field.TesseraException;
import java.lang.management.ManagementFactory;

/** Refuses, before anything is allocated, what cannot fit into this machine's memory. */
final class Memory {
  private Memory() {}

  /** Fails if the Java heap could never hold {@code bytes}. */
  static void requireHeap(long bytes, String what) {
    require(
        bytes,
        Runtime.getRuntime().maxMemory(),
        what + " (give Java more with JAVA_OPTS=-Xmx…, or use smaller tiles)");
  }

  /** Fails if the machine could never hold {@code bytes} outside the heap. */
  static void requireNative(long bytes, String what) {
    long physical =
        ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
            ? system.getTotalMemorySize()
            : Long.MAX_VALUE;
    require(bytes, physical, what + " (use smaller tiles)");
  }

  private static void require(long bytes, long available, String what) {
    if (bytes > available) {
      throw new TesseraException.Unsupported(
          "%s needs about %.1f GB of memory, but there is %.1f GB"
              .formatted(what, bytes / 1e9, available / 1e9));
    }
  }
}
