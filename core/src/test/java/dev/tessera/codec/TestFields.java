package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.model.Model;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Smooth seeded fields and the small golden models, for codec tests. */
final class TestFields {
  private TestFields() {}

  static Model model(String architecture) {
    try {
      return Model.read(TestData.file("golden/" + architecture + "/checkpoint.pth.tar"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A few waves and a little noise, scaled to the middle of the type's range. */
  static Field smooth(DataType type, long seed, long... dims) {
    Field field = Field.allocate(FieldInfo.of("", type, Shape.of(dims)));
    Shape shape = field.info().shape();
    java.util.Random random = new java.util.Random(seed);
    double scale = type.isFloat() ? 1 : Math.min(1e6, type.max() / 4);
    double offset = type.isFloat() ? -0.3 : (type.min() == 0 ? type.max() / 2 : 0);
    if (!type.isFloat() && type.max() > 1e7) {
      offset = 1e6;
    }
    long width = shape.width();
    long height = shape.height();
    for (long i = 0; i < shape.elements(); i++) {
      double x = i % width / 17.0;
      double y = i / width % height / 23.0;
      double z = i / width / height / 5.0;
      double value = Math.sin(x + z) * Math.cos(y - z) + 0.02 * random.nextGaussian();
      type.set(field.data(), i, offset + scale * value);
    }
    return field;
  }
}
