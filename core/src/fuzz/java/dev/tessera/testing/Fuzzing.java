package dev.tessera.testing;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** What all fuzz targets have in common. */
public final class Fuzzing {
  private static final Duration LONGEST = Duration.ofSeconds(10);

  private static Path file;

  private Fuzzing() {}

  /** Something that reads damaged data. */
  @FunctionalInterface
  public interface Reading {
    void run() throws IOException;
  }

  /**
   * Reads, and lets pass only what damaged data may cause; whatever else is thrown, an {@link
   * OutOfMemoryError} or taking too long, is a finding.
   */
  public static void survive(Reading reading) {
    long start = System.nanoTime();
    try {
      reading.run();
    } catch (TesseraException | IOException e) {
      // what a reader is to say of damaged data
    }
    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    if (taken.compareTo(LONGEST) > 0) {
      throw new AssertionError("reading took " + taken.toMillis() + " ms");
    }
  }

  /** A file with these bytes; the next call replaces it. */
  public static Path file(byte[] data, String ending) throws IOException {
    if (file == null) {
      file = Files.createTempFile("tessera-fuzz", ending);
      file.toFile().deleteOnExit();
    }
    Files.write(file, data);
    return file;
  }

  /** One seed per array. */
  public static Stream<Arguments> seeds(Stream<byte[]> seeds) {
    return seeds.map(seed -> Arguments.of((Object) seed));
  }

  /** The bytes of a file. */
  public static byte[] bytes(Path path) {
    try {
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
