package dev.tessera.cli;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A folder with everything that the program needs to run where there is no Java: a cut-down Java,
 * the jars without other platforms' libraries, ONNX Runtime's library, and a script that starts it.
 */
final class RuntimeImage {
  /** What the program and its libraries use; {@link #requireModules} checks that it is enough. */
  static final Set<String> MODULES =
      Set.of(
          "java.base",
          "java.desktop",
          "java.logging",
          "java.management",
          "java.naming",
          "java.sql",
          "java.xml",
          "jdk.management",
          "jdk.unsupported");

  private static final String BUNDLED = "dev/tessera/model/bundled/";
  private static final String ONNX_NATIVE = "ai/onnxruntime/native/";
  private static final String SCRIPT = "runtime-image.sh";

  private final Path folder;
  private final Path programJar;
  private final List<Path> libraries;
  private final String onnxPlatform;
  private final Pattern platform;

  /**
   * @param folder where it is put together; empty
   * @throws TesseraException.Unsupported if this program or this Java cannot be packed
   */
  RuntimeImage(Path folder) throws IOException {
    this.folder = folder;
    this.programJar = programJar();
    this.libraries = libraries(programJar);
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    boolean arm = System.getProperty("os.arch").equals("aarch64");
    String processor = arm ? "(aarch64|arm64)" : "(x64|amd64|x86_64)";
    if (system.contains("linux")) {
      onnxPlatform = arm ? "linux-aarch64" : "linux-x64";
      platform = Pattern.compile("linux[-/_]" + processor, Pattern.CASE_INSENSITIVE);
    } else if (system.contains("mac")) {
      onnxPlatform = "osx-aarch64";
      platform = Pattern.compile("(darwin|macos|osx)[-/_]" + processor, Pattern.CASE_INSENSITIVE);
    } else {
      throw new TesseraException.Unsupported(
          "runtime images are made on Linux and macOS, not on " + System.getProperty("os.name"));
    }
  }

  /** Name of the platform that it runs on, such as {@code linux-x64}. */
  String platform() {
    return onnxPlatform;
  }

  /** The jar that this class comes from. */
  private static Path programJar() {
    try {
      Path place =
          Path.of(RuntimeImage.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (Files.isRegularFile(place)) {
        return place;
      }
    } catch (URISyntaxException | SecurityException e) {
      // as below
    }
    throw new TesseraException.Unsupported(
        "a runtime image is made by the packaged program: build it and call ./tessera"
            + " runtime-image");
  }

  private static List<Path> libraries(Path jar) throws IOException {
    try (JarFile file = new JarFile(jar.toFile())) {
      String path = file.getManifest().getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
      List<Path> libraries = new ArrayList<>();
      for (String name : path == null ? new String[0] : path.split(" +")) {
        Path library = jar.resolveSibling(name);
        if (!Files.isRegularFile(library)) {
          throw new TesseraException.Unsupported(
              "the program's library " + name + " is missing: build it again");
        }
        libraries.add(library);
      }
      return libraries;
    }
  }

  /** Puts a Java with the modules that are needed into {@code runtime}. */
  void addJava() throws IOException {
    requireModules();
    tool(
        "jlink",
        "--add-modules",
        String.join(",", MODULES.stream().sorted().toList()),
        "--strip-java-debug-attributes",
        "--no-header-files",
        "--no-man-pages",
        "--output",
        folder.resolve("runtime").toString());
    addClassArchive();
  }

  /** Java's own classes, ready to map: it starts twice as fast. */
  private void addClassArchive() throws IOException {
    Process dump =
        new ProcessBuilder(
                folder.resolve("runtime").resolve("bin").resolve("java").toString(),
                "-Xshare:dump",
                "-Xlog:disable")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (dump.waitFor() != 0) {
        throw new TesseraException.Unsupported(
            "the image's Java cannot write its archive of classes: it ended with "
                + dump.exitValue());
      }
    } catch (InterruptedException e) {
      dump.destroy();
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  /** Checks with jdeps that the modules are enough for all jars. */
  private void requireModules() {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--print-module-deps",
                "--ignore-missing-deps",
                "--multi-release",
                Integer.toString(Runtime.version().feature()),
                "--class-path"));
    arguments.add(String.join(File.pathSeparator, libraries.stream().map(Path::toString).toList()));
    arguments.add(programJar.toString());
    libraries.forEach(library -> arguments.add(library.toString()));
    String[] lines = tool("jdeps", arguments.toArray(String[]::new)).strip().split("\n");
    Set<String> needed = new HashSet<>(Arrays.asList(lines[lines.length - 1].strip().split(",")));
    needed.removeAll(MODULES);
    if (!needed.isEmpty()) {
      throw new TesseraException.Unsupported(
          "the program needs modules of Java that images do not have: " + needed);
    }
  }

  private static String tool(String name, String... arguments) {
    ToolProvider tool =
        ToolProvider.findFirst(name)
            .orElseThrow(() ->
                new TesseraException.Unsupported(
                    "this Java has no "
                        + name
                        + ": a runtime image is made with a JDK, not by another image"));
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(printed, true, StandardCharsets.UTF_8);
    ByteArrayOutputStream warned = new ByteArrayOutputStream();
    PrintStream warn = new PrintStream(warned, true, StandardCharsets.UTF_8);
    int code = tool.run(print, warn, arguments);
    if (code != 0) {
      String why =
          warned.toString(StandardCharsets.UTF_8) + printed.toString(StandardCharsets.UTF_8);
      throw new TesseraException.Unsupported(
          name
              + " failed with "
              + code
              + ": "
              + why.strip().lines().findFirst().orElse("no reason"));
    }
    return printed.toString(StandardCharsets.UTF_8);
  }

  /**
   * Puts the jars into {@code app} and ONNX Runtime's library into {@code native}.
   *
   * @param models those that are bundled, by different names
   */
  void addProgram(List<Model> models) throws IOException {
    Path app = Files.createDirectories(folder.resolve("app"));
    Path lib = Files.createDirectories(app.resolve("lib"));
    Files.createDirectories(folder.resolve("native"));
    SlimJar.copy(programJar, app.resolve(programJar.getFileName()), platform, Map.of());
    for (Path library : libraries) {
      Map<String, byte[]> replaced = new HashMap<>();
      try (ZipFile jar = new ZipFile(library.toFile())) {
        if (jar.getEntry(BUNDLED) != null) {
          bundle(jar, models, replaced);
        }
        unpackNatives(jar, replaced);
      }
      SlimJar.copy(library, lib.resolve(library.getFileName()), platform, replaced);
    }
  }

  /** Unpacked, the library need not be unpacked at every start. */
  private void unpackNatives(ZipFile jar, Map<String, byte[]> replaced) throws IOException {
    Path natives = folder.resolve("native");
    for (ZipEntry entry : jar.stream().toList()) {
      String name = entry.getName();
      if (name.startsWith(ONNX_NATIVE + onnxPlatform + "/")
          && !entry.isDirectory()
          && !name.contains(".dSYM/")) {
        replaced.put(name, null);
        Files.write(
            natives.resolve(name.substring(name.lastIndexOf('/') + 1)),
            jar.getInputStream(entry).readAllBytes());
      }
    }
  }

  private static void bundle(ZipFile jar, List<Model> models, Map<String, byte[]> replaced) {
    for (ZipEntry entry : jar.stream().toList()) {
      if (entry.getName().startsWith(BUNDLED) && !entry.isDirectory()) {
        replaced.put(entry.getName(), null);
      }
    }
    StringBuilder index = new StringBuilder();
    for (Model model : models) {
      String file = model.name() + ".safetensors";
      index.append(file).append('\n');
      replaced.put(BUNDLED + file, model.toBytes());
    }
    replaced.put(BUNDLED + "index.txt", index.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Where compiled kernels go. */
  Path kernels() throws IOException {
    return Files.createDirectories(folder.resolve("kernels"));
  }

  /** Puts the script that starts the program into the folder. */
  void addScript() throws IOException {
    Path script = folder.resolve("tessera");
    try (InputStream text = RuntimeImage.class.getResourceAsStream(SCRIPT)) {
      Files.write(script, text.readAllBytes());
    }
    if (!script.toFile().setExecutable(true, false)) {
      throw new IOException("'" + script + "' cannot be made executable");
    }
  }
}
