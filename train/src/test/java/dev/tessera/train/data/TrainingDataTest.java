package dev.tessera.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.codec.CodecTiles;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
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
    DataOptions options =
        options()
            .withNormalizer(NormalizerChoice.parse(normalizer))
            .withValidation(List.of(held + ""));
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
  private static Offset<Float> within(String normalizer, String type) {
    boolean rounded = normalizer.contains("asinh") || type.equals("f64");
    return Offset.offset(rounded ? 1e-6f : 0f);
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

  /** A raw file whose fill value has to become a gap is not taken as it stands. */
  @Test
  void fillValuesAreGapsAsTheyAreForTheCodec() throws Exception {
    Field field = TrainingFiles.waves(DataType.FLOAT32, 4, 1, 6, 32, 64);
    for (int i = 0; i < 6 * 32 * 64; i++) {
      if (i / 7 % 5 == 0 || i / 64 % 9 == 2) {
        DataType.FLOAT32.set(field.data(), i, 1e20);
      }
    }
    Path file = TrainingFiles.write(folder.resolve("sea_6x32x64.f32"), field);
    Path other = TrainingFiles.write(folder.resolve("other_6x32x64.f32"), field);
    OpenOptions open = new OpenOptions(null, null, OptionalDouble.of(1e20));
    DataOptions options = options().withOpen(open).withValidation(List.of(file + ""));
    try (TrainingData data = TrainingData.open(List.of(other + ""), options);
        FieldSource source = FieldFiles.open(file.toString(), open)) {
      List<float[]> expected =
          CodecTiles.of(
              source,
              NormalizerChoice.AUTO,
              new TileGrid(source.info().shape(), CHANNELS, 0, PATCH, PATCH, 0));
      for (int i = 0; i < expected.size(); i++) {
        float[] tile = new float[data.tileElements()];
        data.fillValidation(i, MemorySegment.ofArray(tile));
        assertThat(tile).isEqualTo(expected.get(i));
      }
      assertThat(data.datasets().getFirst().missing()).isEqualTo(missing(field));
      for (float value : batch(data, 3, 20)) {
        assertThat(value).isBetween(0f, 1f);
      }
    }
  }

  private static long missing(Field field) {
    return IntStream.range(0, 6 * 32 * 64).filter(i -> field.get(i) > 1e19).count();
  }

  @Test
  void aPatternMayNameAFieldInEachFile() throws Exception {
    for (int run = 1; run <= 3; run++) {
      Path file = folder.resolve("run" + run).resolve("x.h5");
      Files.createDirectories(file.getParent());
      Field field = TrainingFiles.waves(DataType.FLOAT32, run, 1, 4, 40, 40);
      TrainingFiles.write(Path.of(file + ":/density"), field);
    }
    List<String> specs = List.of(folder + "/run*/x.h5:/density");
    try (TrainingData data = TrainingData.open(specs, options())) {
      assertThat(data.datasets())
          .extracting(DatasetSummary::name)
          .containsExactly(
              folder + "/run1/x.h5:/density",
              folder + "/run2/x.h5:/density",
              folder + "/run3/x.h5:/density");
      assertThat(data.datasets().stream().filter(d -> d.validationValues() > 0)).hasSize(1);
      assertThat(data.metadata().get(TrainingData.DATA))
          .isEqualTo("run*/x.h5:/density: 2 fields, 12800 values");
    }
    // by whatever name: what is validated on is not trained on
    for (String held : List.of("/run2/x.h5", "/run2/x.h5:density", "/./run2/x.h5:/density")) {
      DataOptions options = options().withValidation(List.of(folder + held));
      try (TrainingData data = TrainingData.open(specs, options)) {
        assertThat(data.datasets()).hasSize(3);
        assertThat(data.datasets().getFirst().trainingValues()).isZero();
      }
    }
    assertThatThrownBy(() -> TrainingData.open(List.of(folder + "/run1/x.h5:/pressure"), options()))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("pressure");
  }

  @Test
  void threadsFillTheSameBatches() throws Exception {
    Field field = TrainingFiles.waves(DataType.FLOAT64, 1, 1, 40, 50, 60);
    Path file = TrainingFiles.write(folder.resolve("a.npy"), field);
    try (TrainingData data = TrainingData.open(List.of(file + ""), options().withJitter(0.5));
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<float[]>> batches = new ArrayList<>();
      for (int step = 0; step < 16; step++) {
        long number = step % 8;
        batches.add(threads.submit(() -> batch(data, number, 6)));
      }
      for (int step = 0; step < 8; step++) {
        assertThat(batches.get(step).get()).isEqualTo(batches.get(step + 8).get());
      }
    }
  }

  /** Values tell which file they are from, and which plane of it. */
  private Path numbered(int number) throws IOException {
    Field field = Field.allocate(FieldInfo.of("", DataType.FLOAT64, Shape.of(40, 32, 32)));
    for (int i = 0; i < 40 * 32 * 32; i++) {
      double fine = i % 1024 / 2048.0;
      DataType.FLOAT64.set(field.data(), i, 100 * number + i / 1024 + fine);
    }
    return TrainingFiles.write(folder.resolve("run%d/x.npy".formatted(number)), field);
  }

  private static Set<Integer> numbers(float[] values, int unit) {
    Set<Integer> numbers = new TreeSet<>();
    for (float value : values) {
      numbers.add((int) (value / unit));
    }
    return numbers;
  }

  private static Set<Integer> validated(TrainingData data, int unit) {
    float[] tiles = new float[data.validationTiles() * data.tileElements()];
    data.fillValidation(0, MemorySegment.ofArray(tiles));
    return numbers(tiles, unit);
  }

  @Test
  void filesThatAreHeldOutAreNotTrainedOn() throws Exception {
    for (int number = 0; number < 12; number++) {
      Files.createDirectories(folder.resolve("run" + number));
      numbered(number);
    }
    List<String> all = List.of(folder + "/run*/x.npy");
    DataOptions options =
        options().withNormalizer(NormalizerChoice.parse("none")).withValidation(0.25, 256);
    try (TrainingData data = TrainingData.open(all, options)) {
      Set<Integer> trained = new TreeSet<>();
      for (int step = 0; step < 40; step++) {
        trained.addAll(numbers(batch(data, step, 8), 100));
      }
      assertThat(validated(data, 100)).hasSize(3).doesNotContainAnyElementsOf(trained);
      assertThat(trained).hasSize(9);
      assertThat(data.notices()).isEmpty();
    }
    List<String> held = List.of(folder + "/run[37]/x.npy");
    try (TrainingData data = TrainingData.open(all, options.withValidation(held))) {
      Set<Integer> trained = new TreeSet<>();
      for (int step = 0; step < 40; step++) {
        trained.addAll(numbers(batch(data, step, 8), 100));
      }
      assertThat(validated(data, 100)).containsExactly(3, 7);
      assertThat(trained).hasSize(10).doesNotContain(3, 7);
    }
  }

  @Test
  void eachArgumentGivesItsShareToTheValidation() throws Exception {
    List<String> arguments = new ArrayList<>();
    for (int kind = 0; kind < 12; kind++) {
      int files = kind < 10 ? 8 : 32;
      for (int run = 0; run < files; run++) {
        Path file = folder.resolve("%03d-kind%02d.npy".formatted(run, kind));
        TrainingFiles.write(file, TrainingFiles.waves(DataType.UINT8, run, 100, 2, 32, 32));
      }
      arguments.add(folder.resolve("*kind%02d.npy".formatted(kind)).toString());
    }
    DataOptions options =
        options().withNormalizer(NormalizerChoice.parse("none")).withValidation(0.1, 64);
    try (TrainingData data = TrainingData.open(arguments, options)) {
      int[] heldOut = new int[12];
      for (DatasetSummary dataset : data.datasets()) {
        if (dataset.validationValues() > 0) {
          heldOut[Integer.parseInt(dataset.name().replaceAll(".*kind(..).*", "$1"))]++;
        }
      }
      assertThat(heldOut).containsExactly(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2);
    }
  }

  @Test
  void ofOneFileTheEndIsHeldOutAndThatIsSaid() throws Exception {
    Files.createDirectories(folder.resolve("run0"));
    DataOptions options =
        options().withNormalizer(NormalizerChoice.parse("none")).withValidation(0.25, 256);
    try (TrainingData data = TrainingData.open(List.of(numbered(0) + ""), options)) {
      Set<Integer> trained = new TreeSet<>();
      for (int step = 0; step < 40; step++) {
        trained.addAll(numbers(batch(data, step, 8), 1));
      }
      assertThat(trained).hasSize(30);
      assertThat(validated(data, 1)).hasSize(10).doesNotContainAnyElementsOf(trained);
      assertThat(data.notices()).singleElement().asString().contains("one file", "25 %");
    }
  }

  @Test
  void everyDatasetIsDrawnByTheRootOfItsSize() throws Exception {
    Path small =
        TrainingFiles.write(
            folder.resolve("small.npy"), TrainingFiles.waves(DataType.UINT8, 1, 100, 50, 50));
    Path large =
        TrainingFiles.write(
            folder.resolve("large.npy"), TrainingFiles.waves(DataType.INT16, 2, 100, 16, 50, 50));
    Path held =
        TrainingFiles.write(
            folder.resolve("held.npy"), TrainingFiles.waves(DataType.INT16, 3, 100, 50, 50));
    DataOptions options = options().withValidation(List.of(held + ""));
    try (TrainingData data = TrainingData.open(List.of(small + "", large + ""), options)) {
      assertThat(data.datasets()).extracting(DatasetSummary::share).containsExactly(0.0, 0.2, 0.8);
      int flat = 0;
      for (int step = 0; step < 50; step++) {
        float[] crops = batch(data, step, 20);
        for (int i = 0; i < 20; i++) {
          int at = i * data.tileElements();
          // the small field has one plane, which stands for all channels
          flat += crops[at + 77] == crops[at + 77 + PATCH * PATCH] ? 1 : 0;
        }
      }
      // and so does the last plane of the large one, in a sixteenth of its crops
      assertThat(flat).isBetween(200, 300);
    }
  }

  @Test
  void modelsAreToldTheNormalizerAndTheData() throws Exception {
    Field waves = TrainingFiles.waves(DataType.FLOAT32, 1, 1, 40, 40);
    Field tail = TrainingFiles.waves(DataType.FLOAT32, 1, 1, 40, 40);
    for (int i = 0; i < 1600; i++) {
      DataType.FLOAT32.set(tail.data(), i, i % 200 == 0 ? 1e4 : Math.exp(tail.get(i)));
    }
    String a = TrainingFiles.write(folder.resolve("a.npy"), waves) + "";
    String b = TrainingFiles.write(folder.resolve("b.npy"), tail) + "";
    try (TrainingData data = TrainingData.open(List.of(a, b), options())) {
      assertThat(data.metadata())
          .containsEntry("normalizer", "auto")
          .containsEntry(
              "training.normalizers",
              "{\"a.npy\":\"minmax:slice\",\"b.npy\":\"log10,minmax:slice\"}")
          .hasEntrySatisfying(
              "training.data", text -> assertThat(text).contains("1 field, 1600 values"));
    }
    try (TrainingData data =
        TrainingData.open(
            List.of(a, b), options().withNormalizer(NormalizerChoice.parse("range:-5:5")))) {
      assertThat(data.normalizer()).isEqualTo("range:-5:5");
    }
    try (TrainingData data = TrainingData.open(List.of(a, b + "@log10,minmax:field"), options())) {
      assertThat(data.datasets())
          .extracting(DatasetSummary::normalizer)
          .containsExactly("minmax:slice", "log10,minmax:field");
      assertThat(data.normalizer()).isEqualTo("auto");
    }
  }

  @Test
  void whatCannotBeUsedIsToldInASentence() throws Exception {
    Field constant = Field.allocate(FieldInfo.of("", DataType.INT16, Shape.of(40, 40)));
    Files.createDirectories(folder.resolve("d"));
    String flat = TrainingFiles.write(folder.resolve("d/flat.npy"), constant) + "";
    assertThatThrownBy(() -> TrainingData.open(List.of(flat), options()))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("nothing to train on")
        .hasMessageContaining("flat.npy");
    Files.writeString(folder.resolve("d/README.md"), "no field");
    assertThatThrownBy(
            () -> TrainingData.open(List.of(folder.resolve("d/README.md") + ""), options()))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("README.md");
    // of a pattern, what is no field is left out, and told
    TrainingFiles.write(
        folder.resolve("d/good.npy"), TrainingFiles.waves(DataType.INT16, 3, 100, 30, 40, 40));
    try (TrainingData data = TrainingData.open(List.of(folder + "/d/*"), options())) {
      assertThat(data.datasets()).hasSize(1);
      assertThat(data.notices()).hasSize(3);
      assertThat(String.join(" ", data.notices()))
          .contains("flat.npy", "README.md' is left out", "one file");
    }
    // damage is never passed over
    Files.write(
        folder.resolve("d/cut.npy"),
        Arrays.copyOf(Files.readAllBytes(folder.resolve("d/good.npy")), 500));
    assertThatThrownBy(() -> TrainingData.open(List.of(folder + "/d/*"), options()))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("cut.npy");
  }
}
