package dev.tessera.cli;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.TesseraException;
import dev.tessera.io.PendingFile;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Opens a container by file name, or from standard input, which is kept in a temporary file since
 * it is read at random.
 */
final class ContainerFiles implements Closeable {
  private final PendingFile spooled;
  private final ContainerReader reader;
  private final long bytes;

  private ContainerFiles(PendingFile spooled, ContainerReader reader, long bytes) {
    this.spooled = spooled;
    this.reader = reader;
    this.bytes = bytes;
  }

  static ContainerFiles open(String name) throws IOException {
    if (!name.equals("-")) {
      Path file = Path.of(name);
      if (Files.isDirectory(file)) {
        throw new TesseraException.Invalid(
            "'" + file + "' is a folder: give the name of a .tsr file");
      }
      return new ContainerFiles(null, ContainerReader.open(file), Files.size(file));
    }
    PendingFile spooled = PendingFile.scratch();
    try {
      try (OutputStream out = Files.newOutputStream(spooled.path())) {
        System.in.transferTo(out);
      }
      return new ContainerFiles(
          spooled, ContainerReader.open(spooled.path()), Files.size(spooled.path()));
    } catch (IOException | RuntimeException e) {
      spooled.close();
      throw e;
    }
  }

  /**
   * Fails if writing {@code out} would replace what {@code in} reads; either may have an inner path
   * behind a colon, or be standard input or output.
   */
  static void requireOther(String in, String out) throws IOException {
    requireOther(in, existing(out), out);
  }

  /** As {@link #requireOther(String, String)}, for a name without an inner path. */
  static void requireOtherFile(String in, String out) throws IOException {
    Path to = Path.of(out);
    requireOther(in, Files.exists(to) ? to : null, out);
  }

  private static void requireOther(String in, Path to, String out) throws IOException {
    Path from = existing(in);
    if (from != null && to != null && Files.isSameFile(from, to)) {
      throw new TesseraException.Invalid(
          "'" + out + "' is the file that is read: choose another name to write to");
    }
  }

  private static Path existing(String spec) {
    Path whole = Path.of(spec);
    if (Files.exists(whole)) {
      return whole;
    }
    for (int colon = spec.lastIndexOf(':'); colon > 0; colon = spec.lastIndexOf(':', colon - 1)) {
      Path file = Path.of(spec.substring(0, colon));
      if (Files.exists(file)) {
        return file;
      }
    }
    return null;
  }

  ContainerReader reader() {
    return reader;
  }

  /** Size of the container. */
  long bytes() {
    return bytes;
  }

  @Override
  public void close() throws IOException {
    reader.close();
    if (spooled != null) {
      spooled.close();
    }
  }
}
