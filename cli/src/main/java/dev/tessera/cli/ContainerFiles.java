package dev.tessera.cli;

import dev.tessera.container.ContainerReader;
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

  private ContainerFiles(PendingFile spooled, ContainerReader reader) {
    this.spooled = spooled;
    this.reader = reader;
  }

  static ContainerFiles open(String name) throws IOException {
    if (!name.equals("-")) {
      return new ContainerFiles(null, ContainerReader.open(Path.of(name)));
    }
    PendingFile spooled = PendingFile.scratch();
    try {
      try (OutputStream out = Files.newOutputStream(spooled.path())) {
        System.in.transferTo(out);
      }
      return new ContainerFiles(spooled, ContainerReader.open(spooled.path()));
    } catch (IOException | RuntimeException e) {
      spooled.close();
      throw e;
    }
  }

  ContainerReader reader() {
    return reader;
  }

  @Override
  public void close() throws IOException {
    reader.close();
    if (spooled != null) {
      spooled.close();
    }
  }
}
