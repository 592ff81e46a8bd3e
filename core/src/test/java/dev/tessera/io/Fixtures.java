package dev.tessera.io;

import dev.tessera.field.FieldSource;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Path;

/** The files that {@code make_array_fixtures.py} writes. */
final class Fixtures {
  private Fixtures() {}

  static Path file(String name) {
    try {
      return Path.of(Fixtures.class.getResource(name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** All values of a field, slice by slice. */
  static double[] values(FieldSource source) throws IOException {
    byte[] bytes = ArrayFormatRoundTripTest.readAll(source);
    double[] values = new double[(int) source.info().shape().elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = source.info().type().get(MemorySegment.ofArray(bytes), i);
    }
    return values;
  }

  /** {@code count} values from {@code first} on, {@code step} apart. */
  static double[] ramp(int count, double first, double step) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = first + i * step;
    }
    return values;
  }
}
