package dev.tessera.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.codec.CodecTiles;
import dev.tessera.codec.Progress;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TileGrid;
import dev.tessera.io.OpenOptions;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CropReaderTest {
  private static final int SIDE = 32;
  private static final int CHANNELS = 3;
  private static final Shape SHAPE = Shape.of(36, 32, 33);

  @TempDir private Path folder;

  /** A volume whose planes differ in level along every axis, with some values missing. */
  private static Field volume() {
    Field field = TrainingFiles.waves(DataType.FLOAT32, 11, 1, SHAPE.dims());
    for (int i = 0; i < SHAPE.elements(); i++) {
      long z = i / (32 * 33);
      long y = i / 33 % 32;
      long x = i % 33;
      double value = i % 97 == 0 ? Double.NaN : field.get(i) + 0.1 * z + 0.01 * y * y - 0.05 * x;
      DataType.FLOAT32.setBits(field.data(), i, DataType.FLOAT32.bitsOf(value));
    }
    return field;
  }

  private CachedField cached(Field field, String normalizer) throws IOException {
    return cached(TrainingFiles.write(folder.resolve("volume_36x32x33.f32"), field), normalizer);
  }

  private CachedField cached(Path file, String normalizer) throws IOException {
    return new CacheFolder(folder.resolve("cache"))
        .field(
            new DataSpec.Location(file, ""),
            OpenOptions.NONE,
            NormalizerChoice.parse(normalizer),
            Progress.NONE);
  }

  private static float[] read(Crop crop) {
    CropReader reader = new CropReader(CHANNELS, SIDE);
    assertThat(reader.load(crop)).isTrue();
    float[] values = new float[CHANNELS * SIDE * SIDE];
    reader.store(MemorySegment.ofArray(values), 0);
    return values;
  }

  /** The field with its axes in another order. */
  private static Field turned(Field field, int plane, int row, int column) {
    long[] dims = SHAPE.dims();
    long[] strides = {32 * 33, 33, 1};
    Field turned =
        Field.allocate(
            FieldInfo.of("", DataType.FLOAT32, Shape.of(dims[plane], dims[row], dims[column])));
    long at = 0;
    for (long p = 0; p < dims[plane]; p++) {
      for (long r = 0; r < dims[row]; r++) {
        for (long c = 0; c < dims[column]; c++) {
          long from = p * strides[plane] + r * strides[row] + c * strides[column];
          long bits = DataType.FLOAT32.getBits(field.data(), from);
          DataType.FLOAT32.setBits(turned.data(), at++, bits);
        }
      }
    }
    return turned;
  }

  /**
   * Crops across any axis, transposed or not, are the tiles that the codec cuts from a field whose
   * axes were turned that way before; from the file itself, and from the cache's bricks.
   */
  @ParameterizedTest
  @CsvSource({
    "Z, false, minmax:slice",
    "Z, true, minmax:slice",
    "Y, false, minmax:slice",
    "Y, true, minmax:slice",
    "X, false, minmax:slice",
    "X, true, minmax:slice",
    "Z, true, 'asinh:2,minmax:slice'",
    "Y, false, 'asinh:2,minmax:slice'",
    "X, true, 'asinh:2,minmax:field'"
  })
  void cropsAcrossAnyAxisAreTilesOfTheTurnedField(
      Orientation orientation, boolean transposed, String normalizer) throws IOException {
    Field field = volume();
    try (CachedField cached = cached(field, normalizer)) {
      int plane = orientation.axis();
      int row = transposed ? orientation.columnAxis() : orientation.rowAxis();
      int column = transposed ? orientation.rowAxis() : orientation.columnAxis();
      Field turned = turned(field, plane, row, column);
      TileGrid grid = new TileGrid(turned.info().shape(), CHANNELS, 0, SIDE, SIDE, 0);
      List<float[]> tiles = CodecTiles.of(turned, NormalizerChoice.parse(normalizer), grid);
      for (int group = 0; group < grid.groups(); group++) {
        long[] from = new long[3];
        int[] size = {32, 32, 32};
        from[plane] = 3 * group;
        size[plane] = (int) Math.min(CHANNELS, SHAPE.dim(plane) - from[plane]);
        Crop crop = new Crop(cached, 0, from, size, orientation, transposed, new boolean[3], 0);
        float[] expected = tiles.get((int) grid.index(group, 0, 0));
        float tolerance = normalizer.contains("asinh") ? 1e-6f : 0;
        assertThat(read(crop)).containsExactly(expected, offset(tolerance));
      }
    }
  }

  /** Normalized, a field is what it was in another unit, also where float32 has no room for it. */
  @ParameterizedTest
  @ValueSource(ints = {996, 1021, -200, -1010})
  void valuesBeyondFloat32KeepTheirShape(int exponent) throws IOException {
    long[] from = {4, 0, 1};
    int[] size = {3, 32, 32};
    List<float[]> crops = new ArrayList<>();
    for (double scale : new double[] {1, Math.scalb(1.0, exponent)}) {
      Path file = folder.resolve("waves" + scale + "_36x32x33.f64");
      TrainingFiles.write(file, TrainingFiles.waves(DataType.FLOAT64, 12, scale, SHAPE.dims()));
      try (CachedField cached = cached(file, "minmax:slice")) {
        crops.add(read(new Crop(cached, 0, from, size, Orientation.Z, false, new boolean[3], 0)));
      }
    }
    assertThat(crops.get(1)).containsExactly(crops.get(0), offset(1e-6f));
  }

  private static Offset<Float> offset(float tolerance) {
    return Offset.offset(tolerance);
  }

  @Test
  void flipsTurnTheCropRound() throws IOException {
    Field field = TrainingFiles.waves(DataType.FLOAT32, 12, 1, SHAPE.dims());
    try (CachedField cached = cached(field, "minmax:slice")) {
      long[] from = {4, 0, 1};
      int[] size = {3, 32, 32};
      float[] straight =
          read(new Crop(cached, 0, from, size, Orientation.Z, false, new boolean[3], 0));
      for (int flips = 1; flips < 8; flips++) {
        boolean[] flip = {(flips & 1) != 0, (flips & 2) != 0, (flips & 4) != 0};
        float[] flipped = read(new Crop(cached, 0, from, size, Orientation.Z, false, flip, 0));
        for (int i = 0; i < flipped.length; i++) {
          int c = i / SIDE / SIDE;
          int r = i / SIDE % SIDE;
          int q = i % SIDE;
          int source =
              ((flip[0] ? 2 - c : c) * SIDE + (flip[1] ? 31 - r : r)) * SIDE
                  + (flip[2] ? 31 - q : q);
          assertThat(flipped[i]).isEqualTo(straight[source]);
        }
      }
    }
  }

  @Test
  void jitterSpreadsTowardsTheCropsOwnLimits() throws IOException {
    try (CachedField cached = cached(volume(), "minmax:field")) {
      long[] from = {6, 0, 0};
      int[] size = {3, 32, 32};
      float[] plain =
          read(new Crop(cached, 0, from, size, Orientation.Z, false, new boolean[3], 0));
      float[] half =
          read(new Crop(cached, 0, from, size, Orientation.Z, false, new boolean[3], 0.5));
      float[] whole =
          read(new Crop(cached, 0, from, size, Orientation.Z, false, new boolean[3], 1));
      assertThat(range(whole)).isEqualTo(1);
      assertThat(range(half)).isBetween(range(plain) * 1.01f, 0.99f);
    }
  }

  private static float range(float[] values) {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (float value : values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return high - low;
  }

  @Test
  void cropsWithNothingToLearnFromAreToldApart() throws IOException {
    Field field = TrainingFiles.waves(DataType.FLOAT32, 13, 1, SHAPE.dims());
    long plane = 32 * 33;
    for (long i = 0; i < 6 * plane; i++) {
      // three planes without any value, and three of one
      long bits = DataType.FLOAT32.bitsOf(i < 3 * plane ? Double.NaN : 0.5);
      DataType.FLOAT32.setBits(field.data(), i, bits);
    }
    try (CachedField cached = cached(field, "minmax:slice")) {
      CropReader reader = new CropReader(CHANNELS, SIDE);
      for (int z = 0; z < 9; z += 3) {
        long[] from = {z, 0, 0};
        int[] size = {3, 32, 32};
        Crop crop = new Crop(cached, 0, from, size, Orientation.Z, false, new boolean[3], 0);
        assertThat(reader.load(crop)).isEqualTo(z == 6);
        float[] values = new float[CHANNELS * SIDE * SIDE];
        reader.store(MemorySegment.ofArray(values), 0);
        assertThat(range(values)).isFinite();
      }
    }
  }
}
