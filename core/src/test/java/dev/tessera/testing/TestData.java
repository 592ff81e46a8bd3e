package dev.tessera.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Where tests find their files, whichever folder they are run from. */
public final class TestData {
  private TestData() {}

  /** A file below {@code testdata/}, which is part of the repository. */
  public static Path file(String relative) {
    Path path = root().resolve("testdata").resolve(relative);
    if (!Files.exists(path)) {
      throw new IllegalStateException("testdata/" + relative + " is missing from this checkout");
    }
    return path;
  }

  /**
   * A file that may be tested with but not redistributed. It lies in the folder named by the
   * environment variable {@code TESSERA_SHARED}, by default {@code ../shared} beside the checkout;
   * without it the test is skipped, and says so.
   */
  public static Path shared(String relative) {
    String folder =
        System.getenv().getOrDefault("TESSERA_SHARED", root().resolve("../shared").toString());
    Path path = Path.of(folder).resolve(relative).normalize();
    if (!Files.exists(path)) {
      System.err.println(
          "SKIPPED: " + relative + " is not here (set TESSERA_SHARED to the folder that holds it)");
    }
    Assumptions.assumeTrue(Files.exists(path), () -> relative + " is not here");
    return path;
  }

  /** Whether {@link #shared} would find the file. */
  public static boolean hasShared(String relative) {
    String folder =
        System.getenv().getOrDefault("TESSERA_SHARED", root().resolve("../shared").toString());
    return Files.exists(Path.of(folder).resolve(relative));
  }

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("testdata"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("tests run inside the checkout");
      }
    }
    return folder;
  }
}
