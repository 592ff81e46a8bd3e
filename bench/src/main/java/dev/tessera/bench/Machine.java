package dev.tessera.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What a measurement ran on, without the GPU. */
public final class Machine {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final long SECONDS = 10;

  private Machine() {}

  /** Keys and values for people and for reports. */
  public static Map<String, String> properties() {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("cpu", cpu());
    properties.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
    properties.put("memory_bytes", Long.toString(memory()));
    properties.put("heap_bytes", Long.toString(Runtime.getRuntime().maxMemory()));
    properties.put(
        "system",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"));
    properties.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
    return properties;
  }

  /** The processor's name as the system knows it, or its architecture. */
  static String cpu() {
    try {
      for (String line : Files.readAllLines(CPU_INFO, StandardCharsets.ISO_8859_1)) {
        if (line.startsWith("model name")) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    } catch (IOException noLinux) {
      // other systems keep it elsewhere
    }
    return System.getProperty("os.arch");
  }

  private static long memory() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : 0;
  }

  /** What a program prints, or nothing if it is not here, fails or takes long. */
  static String output(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      process.getOutputStream().close();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor(SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0
          ? text.strip()
          : "";
    } catch (IOException absent) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
