package dev.tessera.cuda;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Where optional parts of NVIDIA's software may be, beside where the system's loader looks. */
final class ToolkitFolders {
  private ToolkitFolders() {}

  /** The value of a system property or else of an environment variable, if either is set. */
  static Optional<String> stated(String property, String variable) {
    return Stream.of(System.getProperty(property, ""), System.getenv().getOrDefault(variable, ""))
        .filter(value -> !value.isBlank())
        .findFirst();
  }

  /** Toolkits' folders. */
  static List<Path> toolkits() {
    return toolkits(System.getenv());
  }

  static List<Path> toolkits(Map<String, String> environment) {
    List<Path> folders = new ArrayList<>();
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      String value = environment.get(variable);
      if (value != null && !value.isBlank()) {
        folders.add(Path.of(value));
      }
    }
    if (!NativeLibrary.windows()) {
      folders.add(Path.of("/usr/local/cuda"));
    }
    return List.copyOf(folders);
  }

  /** Names of a library for {@link NativeLibrary#open}: stated, by name, and in toolkits. */
  static List<String> candidates(Optional<String> stated, List<String> names) {
    // what the user states is the only candidate: a typing error must not pass unnoticed
    if (stated.isPresent()) {
      return List.of(stated.get());
    }
    List<String> candidates = new ArrayList<>(names);
    for (Path toolkit : toolkits()) {
      for (String folder : List.of("lib64", "lib", "bin")) {
        names.forEach(name -> candidates.add(toolkit.resolve(folder).resolve(name).toString()));
      }
    }
    return List.copyOf(candidates);
  }
}
