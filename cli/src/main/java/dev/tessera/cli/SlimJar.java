package dev.tessera.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Copies a jar without what another platform, a build or a benchmark needs. Entries are stored, not
 * deflated, so that the archive around them packs them better, by name and with one fixed time.
 */
final class SlimJar {
  private static final LocalDateTime TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

  /** Libraries for every platform, with their debugging files. */
  private static final Pattern NATIVE =
      Pattern.compile(".*(\\.so|\\.dll|\\.dylib|\\.jnilib|\\.lib|\\.dSYM/.*)");

  private static final Pattern UNUSED =
      Pattern.compile(
          "META-INF/(BenchmarkList|CompilerHints|maven/.*|[^/]*\\.(SF|RSA|DSA|EC))"
              + "|.*/jmh_generated/.*|.*/");

  private SlimJar() {}

  /**
   * Copies a jar.
   *
   * @param platform words of which a path names the wanted platform with one
   * @param replaced entries to write instead, or to leave out where the value is null
   */
  static void copy(Path jar, Path target, Pattern platform, Map<String, byte[]> replaced)
      throws IOException {
    SortedMap<String, byte[]> entries = new TreeMap<>();
    try (ZipFile in = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : in.stream().toList()) {
        String name = entry.getName();
        boolean foreign = NATIVE.matcher(name).matches() && !platform.matcher(name).find();
        if (!foreign && !UNUSED.matcher(name).matches() && !replaced.containsKey(name)) {
          entries.put(name, in.getInputStream(entry).readAllBytes());
        }
      }
    }
    replaced.forEach((name, bytes) -> {
      if (bytes != null) {
        entries.put(name, bytes);
      }
    });
    try (OutputStream file = Files.newOutputStream(target);
        ZipOutputStream out = new ZipOutputStream(file)) {
      // readers of jars look for it in front
      byte[] manifest = entries.remove(JarFile.MANIFEST_NAME);
      if (manifest != null) {
        put(out, JarFile.MANIFEST_NAME, manifest);
      }
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        put(out, entry.getKey(), entry.getValue());
      }
    }
  }

  private static void put(ZipOutputStream out, String name, byte[] bytes) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setTimeLocal(TIME);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes.length);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    entry.setCrc(crc.getValue());
    out.putNextEntry(entry);
    out.write(bytes);
    out.closeEntry();
  }
}
