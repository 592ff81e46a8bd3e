package dev.tessera.train.data;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.Shape;
import dev.tessera.io.FieldFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** Small files for tests. */
final class TrainingFiles {
  private TrainingFiles() {}

  /** Smooth waves with some noise around 0, of any type. */
  static Field waves(DataType type, long seed, double scale, long... dims) {
    FieldInfo info = FieldInfo.of("", type, Shape.of(dims));
    Field field = Field.allocate(info);
    SplittableRandom random = new SplittableRandom(seed);
    double phase = random.nextDouble();
    for (long i = 0; i < info.shape().elements(); i++) {
      double value = Math.sin(0.05 * i + phase) + Math.cos(0.0013 * i) + 0.2 * random.nextDouble();
      type.set(field.data(), i, scale * value);
    }
    return field;
  }

  /** Writes a field and returns the file. */
  static Path write(Path file, Field field) throws IOException {
    try (FieldSink sink = FieldFiles.create(file.toString(), field.info())) {
      Shape shape = field.info().shape();
      long plane = shape.height() * shape.width() * field.info().type().bytes();
      for (long slice = 0; slice < shape.slices(); slice++) {
        sink.write(
            slice, 0, shape.height(), 0, shape.width(), field.data().asSlice(slice * plane, plane));
      }
      sink.commit();
    }
    return file;
  }
}
