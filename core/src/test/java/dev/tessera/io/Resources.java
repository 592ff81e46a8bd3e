package dev.tessera.io;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;

/** Fixtures that stand beside the tests. */
final class Resources {
  private Resources() {}

  static Path path(String name) {
    URL url = Resources.class.getResource(name);
    if (url == null) {
      throw new IllegalStateException("the test resource " + name + " is missing");
    }
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
