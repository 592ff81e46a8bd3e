package dev.tessera.cli;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Files that a command writes beside what it reads. */
final class Outputs {
  private Outputs() {}

  /**
   * Fails if writing one of {@code outs} would replace what is read, or another one of them.
   *
   * @param ins names of what is read, maybe with an inner path behind a colon; those that are no
   *     files, such as names of models, do not matter
   * @param outs what is written; null for what is not asked for
   */
  static void requireApart(List<String> ins, Path... outs) throws IOException {
    Set<Path> seen = new HashSet<>();
    for (Path out : Arrays.stream(outs).filter(Objects::nonNull).toList()) {
      for (String in : ins) {
        ContainerFiles.requireOtherFile(in, out.toString());
      }
      // a device, such as /dev/null, takes any number of outputs
      boolean replaced = !Files.exists(out) || Files.isRegularFile(out);
      if (replaced && !seen.add(real(out))) {
        throw new TesseraException.Invalid(
            "'" + out + "' is to be written twice: give each output a name of its own");
      }
    }
  }

  /** The same for two names of one file, which need not exist. */
  private static Path real(Path file) throws IOException {
    if (Files.exists(file)) {
      return file.toRealPath();
    }
    Path whole = file.toAbsolutePath().normalize();
    Path folder = whole.getParent();
    return folder != null && Files.isDirectory(folder)
        ? folder.toRealPath().resolve(whole.getFileName())
        : whole;
  }
}
