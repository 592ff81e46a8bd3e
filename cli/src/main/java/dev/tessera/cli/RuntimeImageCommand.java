package dev.tessera.cli;

import dev.tessera.cuda.KernelCache;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tessera runtime-image}. */
@Command(
    name = "runtime-image",
    mixinStandardHelpOptions = true,
    description =
        "Pack Tessera for a machine of this kind without Java: a .tar.xz that needs nothing but,"
            + " for a GPU, its driver.",
    footer = {
      "",
      "Example:",
      "  tessera runtime-image tessera.tar.xz --arch sm_80,sm_90a",
      "  tar xf tessera.tar.xz && tessera-*/tessera doctor"
    })
final class RuntimeImageCommand implements Callable<Integer> {
  private static final List<String> USUAL = List.of("sm_80", "sm_90a");
  private static final long LARGE = 55_000_000;

  @Parameters(paramLabel = "FILE.tar.xz", description = "File to write.")
  private Path file;

  @Option(
      names = "--arch",
      paramLabel = "ARCH",
      split = ",",
      description =
          "GPU architectures to compile the kernels for (default: sm_80,sm_90a where there is a"
              + " compiler), or none.")
  private List<String> architectures;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      split = ",",
      description =
          "The models that come with it, and whose kernels are compiled: names, ids or files"
              + " (default: "
              + Models.BENCHMARK
              + ").")
  private List<String> names = List.of(Models.BENCHMARK);

  @Override
  public Integer call() throws IOException {
    if (!file.getFileName().toString().endsWith(".tar.xz")) {
      throw new TesseraException.Invalid("'" + file + "' must end in .tar.xz");
    }
    boolean none = List.of("none").equals(architectures);
    List<String> wanted = architectures == null ? USUAL : none ? List.of() : architectures;
    wanted.forEach(KernelCache::requireArchitecture);
    List<Model> models = models();
    Path folder = Files.createTempDirectory("tessera-image");
    Thread deletion = new Thread(() -> deleteQuietly(folder), "delete " + folder);
    Runtime.getRuntime().addShutdownHook(deletion);
    try {
      RuntimeImage image = new RuntimeImage(folder);
      String version = new Main.Version().getVersion()[0].replace("tessera ", "");
      String name = "tessera-" + version + "-" + image.platform();
      step("adding the Java runtime");
      image.addJava();
      step("adding the program");
      image.addProgram(models);
      image.addScript();
      if (!wanted.isEmpty()) {
        step("compiling kernels for " + String.join(", ", wanted));
      }
      int kernels = addKernels(image, models, wanted);
      step("packing");
      TarXz.write(folder, name, file);
      long bytes = Files.size(file);
      System.out.printf("%s  %s, %d compiled kernel files%n", file, Text.bytes(bytes), kernels);
      if (bytes > LARGE) {
        System.err.println("tessera: warning: the image has more than " + Text.bytes(LARGE));
      }
      return 0;
    } finally {
      delete(folder);
      try {
        Runtime.getRuntime().removeShutdownHook(deletion);
      } catch (IllegalStateException e) {
        // it is running
      }
    }
  }

  private List<Model> models() throws IOException {
    SortedMap<String, Model> models = new TreeMap<>();
    for (String name : names) {
      Model model = ModelStore.user().find(name);
      Model other = models.put(model.name(), model);
      if (other != null && !other.id().equals(model.id())) {
        throw new TesseraException.Invalid(
            "two models are called " + model.name() + ": give one of them another name");
      }
    }
    return List.copyOf(models.values());
  }

  private int addKernels(RuntimeImage image, List<Model> models, List<String> wanted)
      throws IOException {
    if (wanted.isEmpty()) {
      return 0;
    }
    try {
      Path kernels = image.kernels();
      KernelCache cache = KernelCache.user();
      // a compiler takes seconds for each file: one architecture beside the other
      return wanted.parallelStream()
          .mapToInt(architecture -> compile(cache, architecture, models, kernels))
          .sum();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (TesseraException.Unsupported e) {
      if (architectures != null) {
        throw e;
      }
      System.err.println("tessera: warning: without compiled kernels, since " + e.getMessage());
      return 0;
    }
  }

  private static int compile(
      KernelCache cache, String architecture, List<Model> models, Path kernels) {
    try {
      return cache.precompile(List.of(architecture), models, kernels);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void step(String what) {
    System.err.println("tessera: " + what);
  }

  private static void deleteQuietly(Path folder) {
    try {
      delete(folder);
    } catch (IOException | UncheckedIOException e) {
      // the process ends; what is left lies in the folder for temporary files
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
