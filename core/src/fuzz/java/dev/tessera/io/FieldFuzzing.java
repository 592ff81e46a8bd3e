package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.testing.Fuzzing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Reads whole fields of damaged files, and makes undamaged ones to begin with. */
final class FieldFuzzing {
  /** A file may rightly claim more than anybody wants to read: then its first and last rows do. */
  private static final long MOST_VALUES = 1 << 16;

  private FieldFuzzing() {}

  /** Opens a file with these bytes and reads it. */
  static void read(byte[] data, String ending) {
    Fuzzing.survive(() -> read(Fuzzing.file(data, ending).toString(), OpenOptions.NONE));
  }

  /** Opens a file and reads it. */
  static void read(String file, OpenOptions options) throws IOException {
    try (FieldSource source = FieldFiles.open(file, options)) {
      read(source);
    }
  }

  private static void read(FieldSource source) throws IOException {
    Shape shape = source.info().shape();
    int bytes = source.info().type().bytes();
    if (shape.elements() <= MOST_VALUES) {
      long plane = shape.height() * shape.width();
      MemorySegment target = target(plane * bytes);
      for (long slice = 0; slice < shape.slices(); slice++) {
        source.read(slice, 0, shape.height(), 0, shape.width(), target);
      }
      return;
    }
    long cols = Math.min(shape.width(), MOST_VALUES);
    MemorySegment target = target(cols * bytes);
    source.read(0, 0, 1, 0, cols, target);
    source.read(shape.slices() - 1, shape.height() - 1, 1, shape.width() - cols, cols, target);
  }

  private static MemorySegment target(long bytes) {
    return MemorySegment.ofArray(new long[Math.toIntExact(Math.ceilDiv(bytes, 8L))]);
  }

  /** The fixtures of the tests with these names, and small files of these types and shapes. */
  static Stream<Arguments> seeds(String ending, List<String> fixtures, Seed... seeds) {
    return Fuzzing.seeds(
        Stream.concat(
            fixtures.stream().map(name -> Fuzzing.bytes(Resources.path(name))),
            Arrays.stream(seeds).map(seed -> seed.bytes(ending))));
  }

  /** A field to write in a format. */
  record Seed(DataType type, long... dims) {
    byte[] bytes(String ending) {
      Field field = Field.allocate(FieldInfo.of("seed", type, Shape.of(dims)));
      Shape shape = field.info().shape();
      for (long i = 0; i < shape.elements(); i++) {
        type.set(field.data(), i, (double) (i % 100));
      }
      try {
        Path folder = Files.createTempDirectory("tessera-seed");
        Path file = folder.resolve("seed" + ending);
        long plane = shape.height() * shape.width() * type.bytes();
        try (FieldSink sink = FieldFiles.create(file.toString(), field.info())) {
          for (long s = 0; s < shape.slices(); s++) {
            sink.write(
                s, 0, shape.height(), 0, shape.width(), field.data().asSlice(s * plane, plane));
          }
          sink.commit();
        }
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        Files.delete(folder);
        return bytes;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
