package dev.tessera.cuda.backend;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import java.util.SplittableRandom;

/** Seeded fields for checks. */
final class CheckFields {
  private static final long SEED = 20261122;

  private CheckFields() {}

  /** A few waves and a little noise. */
  static Field smooth(DataType type, long... dims) {
    return waves(FieldInfo.of("", type, Shape.of(dims)), 0.02);
  }

  /** Values of every size, most of them positive, as densities have; zeros too. */
  static Field wide(DataType type, long... dims) {
    Field field = Field.allocate(FieldInfo.of("", type, Shape.of(dims)));
    SplittableRandom random = new SplittableRandom(SEED);
    double logarithm = Math.log(type.isFloat() ? 1e12 : type.max());
    for (long i = 0; i < field.info().shape().elements(); i++) {
      double value = Math.exp(random.nextDouble() * logarithm);
      boolean negative = type.min() < 0 && random.nextInt(9) == 0;
      type.set(field.data(), i, random.nextInt(20) == 0 ? 0 : negative ? -value : value);
    }
    return field;
  }

  /** Bits of all kinds: with them most bounds cannot be held but by the values themselves. */
  static Field noise(DataType type, long... dims) {
    Field field = Field.allocate(FieldInfo.of("", type, Shape.of(dims)));
    SplittableRandom random = new SplittableRandom(SEED + 1);
    for (long i = 0; i < field.info().shape().elements(); i++) {
      type.setBits(field.data(), i, random.nextLong());
    }
    return field;
  }

  /** Waves with holes: NaNs, infinities, zeros of both signs, huge values and a fill value. */
  static Field holes(DataType type, double fill, long... dims) {
    Field field = waves(FieldInfo.of("", type, Shape.of(dims)).withFill(fill), 0.001);
    double[] strange = {
      Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -0.0, 0, 3e38, 1e-40, fill
    };
    SplittableRandom random = new SplittableRandom(SEED + 2);
    for (long i = 0; i < field.info().shape().elements(); i++) {
      if (random.nextInt(50) == 0) {
        type.set(field.data(), i, strange[random.nextInt(strange.length)]);
      } else if (i % 7000 < 900) {
        type.set(field.data(), i, fill);
      }
    }
    return field;
  }

  /** Nothing but one value, but for a corner of waves if {@code corner}. */
  static Field still(DataType type, boolean corner, long... dims) {
    Field field = smooth(type, dims);
    long bits = type.getBits(field.data(), 0);
    long elements = field.info().shape().elements();
    for (long i = corner ? elements / 3 : 0; i < elements; i++) {
      type.setBits(field.data(), i, bits);
    }
    return field;
  }

  /** Waves with peaks, many thousand times as high, that no table of residuals holds. */
  static Field peaks(DataType type, long... dims) {
    Field field = waves(FieldInfo.of("", type, Shape.of(dims)), 0.001);
    SplittableRandom random = new SplittableRandom(SEED + 4);
    for (long i = 0; i < field.info().shape().elements(); i++) {
      if (random.nextInt(500) == 0) {
        type.set(field.data(), i, Math.exp(random.nextDouble(5, 13)));
      }
    }
    return field;
  }

  /**
   * Slices that differ in level, among them some of one value and some of which all values are
   * special or outside of a logarithm's domain; strange values here and there.
   *
   * @param fill the fill value; NaN: none
   */
  static Field slices(DataType type, double fill, long... dims) {
    FieldInfo info = FieldInfo.of("", type, Shape.of(dims));
    Field field = waves(Double.isNaN(fill) ? info : info.withFill(fill), 0.02);
    Shape shape = field.info().shape();
    long plane = shape.height() * shape.width();
    SplittableRandom random = new SplittableRandom(SEED + 5);
    for (long i = 0; i < shape.elements(); i++) {
      long slice = i / plane;
      double value = Math.abs(type.get(field.data(), i)) * (1 + slice % 3);
      double nothing = type.isFloat() && slice % 14 == 5 ? Double.NaN : type.min() < 0 ? -2 : 0;
      value = slice % 7 == 3 ? 1 : slice % 7 == 5 ? nothing : value;
      type.set(field.data(), i, value);
      if (random.nextInt(100) == 0) {
        type.setBits(field.data(), i, random.nextLong());
      }
    }
    return field;
  }

  private static Field waves(FieldInfo info, double noise) {
    Field field = Field.allocate(info);
    Shape shape = info.shape();
    DataType type = info.type();
    SplittableRandom random = new SplittableRandom(SEED + 3);
    double scale = type.isFloat() ? 1 : Math.min(1e6, type.max() / 4);
    double offset = type.isFloat() ? -0.3 : type.min() == 0 ? type.max() / 2 : 0;
    for (long i = 0; i < shape.elements(); i++) {
      double x = i % shape.width() / 17.0;
      double y = i / shape.width() % shape.height() / 23.0;
      double z = i / shape.width() / shape.height() / 5.0;
      double value = Math.sin(x + z) * Math.cos(y - z) + noise * random.nextDouble(-1, 1);
      type.set(field.data(), i, offset + scale * value);
    }
    return field;
  }
}
