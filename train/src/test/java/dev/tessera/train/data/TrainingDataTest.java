package dev.tessera.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.codec.CodecTiles;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TileGrid;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.transform.NormalizerChoice;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TrainingDataTest {
  private static final int CHANNELS = 3;
  private static final int PATCH = 32;

  @TempDir private Path folder;

  private DataOptions options() {
    return DataOptions.of(CHANNELS, PATCH, 7).withCache(folder.resolve("cache"));
  }

  private static float[] batch(TrainingData data, long step, int crops) {
    float[] batch = new float[crops * data.tileElements()];
    data.fill(step, MemorySegment.ofArray(batch));
    return batch;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "f32|50x70x90|minmax:slice|raw",
        "f32|50x70x90|asinh,minmax:slice|npy",
        "f64|10x33x40|minmax:slice|npy",
        "i16|2x5x64x48|minmax:field|fits",
        "u8|70x45|auto|png",
        "u16|3x40x50|range|tif",
        "f32|20x20x20|meanstd:slice|nc",
        "f32|500|none|npy",
      })
  void validationTilesAreTheCodecsOwn(String type, String shape, String normalizer, String ending)
      throws Exception {
    Shape dims = Shape.parse(shape);
    Field field = TrainingFiles.waves(DataType.parse(type), 3, 100, dims.dims());
    String name = "held_" + shape + "." + (ending.equals("raw") ? type : ending);
    Path held = TrainingFiles.write(folder.resolve(name), field);
    Path other = TrainingFiles.write(folder.resolve("other.npy"), field);
    DataOptions options = options().withNormalizer(normalizer).withValidation(List.of(held + ""));
    try (TrainingData data = TrainingData.open(List.of(other + ""), options);
        FieldSource source = FieldFiles.open(held.toString(), OpenOptions.NONE)) {
      Shape read = source.info().shape();
      TileGrid grid = new TileGrid(read, CHANNELS, Math.max(0, read.rank() - 3), PATCH, PATCH, 0);
      List<float[]> expected = CodecTiles.of(source, NormalizerChoice.parse(normalizer), grid);
      assertThat(data.validationTiles()).isEqualTo(expected.size());
      FloatBuffer tiles = FloatBuffer.allocate(expected.size() * data.tileElements());
      data.fillValidation(0, expected.size(), tiles);
      for (int i = 0; i < expected.size(); i++) {
        float[] tile = new float[data.tileElements()];
        tiles.get(i * tile.length, tile);
        assertThat(tile)
            .as("tile %d", i)
            .containsExactly(expected.get(i), within(normalizer, type));
      }
    }
  }

  /** What is kept behind a pointwise stage, or of float64, is rounded to float32. */
  private static org.assertj.core.data.Offset<Float> within(String normalizer, String type) {
    boolean rounded = normalizer.contains("asinh") || type.equals("f64");
    return org.assertj.core.data.Offset.offset(rounded ? 1e-6f : 0f);
  }

  @Test
  void batchesFollowFromSeedAndStepAlone() throws Exception {
    Path a =
        TrainingFiles.write(
            folder.resolve("a.npy"), TrainingFiles.waves(DataType.FLOAT32, 1, 1, 40, 50, 60));
    Path b =
        TrainingFiles.write(
            folder.resolve("b.npy"), TrainingFiles.waves(DataType.INT16, 2, 1000, 200, 300));
    List<String> specs = List.of(a + "", b + "");
    float[] fifth;
    try (TrainingData data = TrainingData.open(specs, options())) {
      batch(data, 4, 8);
      fifth = batch(data, 5, 8);
      assertThat(batch(data, 6, 8)).isNotEqualTo(fifth);
    }
    try (TrainingData again = TrainingData.open(specs, options())) {
      assertThat(batch(again, 5, 8)).isEqualTo(fifth);
    }
  }
}
