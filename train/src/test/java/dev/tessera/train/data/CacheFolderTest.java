package dev.tessera.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.codec.Progress;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.io.OpenOptions;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CacheFolderTest {
  private static final long[] DIMS = {20, 24, 40};

  @TempDir private Path folder;

  private Path cache() {
    return folder.resolve("cache");
  }

  /** Opens a field; how often the file was read for it is the number of calls of {@code told}. */
  private float[] values(Path file, String normalizer, List<Long> told) throws IOException {
    Progress progress = (phase, done, total) -> told.add(done);
    try (CachedField field =
        new CacheFolder(cache())
            .field(
                new DataSpec.Location(file, ""),
                OpenOptions.NONE,
                NormalizerChoice.parse(normalizer),
                progress)) {
      float[] values = new float[20 * 24 * 40];
      field.read(0, new long[3], new int[] {20, 24, 40}, values);
      return values;
    }
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> files = Files.list(cache())) {
      return files.sorted().toList();
    }
  }

  private static float[] expected(Field field) {
    float[] values = new float[20 * 24 * 40];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) field.get(i);
    }
    return values;
  }

  @Test
  void whatWasKeptIsUsedAgain() throws IOException {
    Field field = TrainingFiles.waves(DataType.FLOAT64, 1, 3, DIMS);
    Path file = TrainingFiles.write(folder.resolve("a.npy"), field);
    List<Long> told = new ArrayList<>();
    assertThat(values(file, "auto", told)).isEqualTo(expected(field));
    assertThat(told).isNotEmpty().last().isEqualTo(Files.size(file));
    told.clear();
    assertThat(values(file, "auto", told)).isEqualTo(expected(field));
    assertThat(told).isEmpty();
    assertThat(entries()).hasSize(1);
  }

  /** Of a raw file of float32 only the planes' limits are kept, however large it is. */
  @Test
  void rawValuesAreNotCopied() throws IOException {
    Field field = TrainingFiles.waves(DataType.FLOAT32, 1, 3, DIMS);
    Path raw = TrainingFiles.write(folder.resolve("a_20x24x40.f32"), field);
    assertThat(values(raw, "minmax:slice", new ArrayList<>())).isEqualTo(expected(field));
    assertThat(Files.size(entries().getFirst())).isLessThan(Files.size(raw) / 8);
    Path npy = TrainingFiles.write(folder.resolve("a.npy"), field);
    assertThat(values(npy, "minmax:slice", new ArrayList<>())).isEqualTo(expected(field));
    // big-endian values are copied
    Path fits = TrainingFiles.write(folder.resolve("a.fits"), field);
    assertThat(values(fits, "minmax:slice", new ArrayList<>())).isEqualTo(expected(field));
    assertThat(entries().stream().filter(e -> e.toFile().length() > 4 * 20 * 24 * 40)).hasSize(1);
  }

  @Test
  void aChangedFileIsReadAnewAndItsOldValuesAreRemoved() throws IOException {
    Field field = TrainingFiles.waves(DataType.INT16, 1, 300, DIMS);
    Path file = TrainingFiles.write(folder.resolve("a.npy"), field);
    Path gone = TrainingFiles.write(folder.resolve("gone.npy"), field);
    values(file, "minmax:slice", new ArrayList<>());
    values(file, "asinh,minmax:slice", new ArrayList<>());
    values(gone, "minmax:slice", new ArrayList<>());
    new CacheFolder(cache()).removeStale();
    assertThat(entries()).hasSize(3);

    Field other = TrainingFiles.waves(DataType.INT16, 2, 300, DIMS);
    TrainingFiles.write(file, other);
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
    Files.delete(gone);
    Path bystander = Files.writeString(cache().resolve("notes.txt"), "not ours");
    assertThat(values(file, "minmax:slice", new ArrayList<>())).isEqualTo(expected(other));
    new CacheFolder(cache()).removeStale();
    assertThat(entries()).hasSize(2).contains(bystander);
  }

  @Test
  void damagedAndCutOffFilesAreMadeAnew() throws IOException {
    Field field = TrainingFiles.waves(DataType.INT32, 1, 300, DIMS);
    Path file = TrainingFiles.write(folder.resolve("a.npy"), field);
    values(file, "minmax:slice", new ArrayList<>());
    Path entry = entries().getFirst();
    byte[] sound = Files.readAllBytes(entry);
    for (int at : new int[] {0, 8, 12, 20, 200, 700}) {
      byte[] damaged = sound.clone();
      damaged[at] ^= 0x10;
      Files.write(entry, damaged);
      assertThat(values(file, "minmax:slice", new ArrayList<>())).isEqualTo(expected(field));
      assertThat(Files.readAllBytes(entry)).isEqualTo(sound);
    }
    for (long length : new long[] {0, 7, 100, sound.length - 1}) {
      Files.write(entry, sound);
      try (RandomAccessFile cut = new RandomAccessFile(entry.toFile(), "rw")) {
        cut.setLength(length);
      }
      assertThat(values(file, "minmax:slice", new ArrayList<>())).isEqualTo(expected(field));
      assertThat(Files.readAllBytes(entry)).isEqualTo(sound);
    }
  }

  @Test
  void aFolderThatCannotBeIsToldInASentence() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "in the way");
    assertThatThrownBy(() -> new CacheFolder(file.resolve("cache")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("--cache");
  }

  @Test
  void damagedFieldsAreToldByTheirReader() throws IOException {
    Field field = TrainingFiles.waves(DataType.INT16, 1, 300, DIMS);
    Path file = TrainingFiles.write(folder.resolve("a.npy"), field);
    Files.write(file, java.util.Arrays.copyOf(Files.readAllBytes(file), 1000));
    assertThatThrownBy(() -> values(file, "auto", new ArrayList<>()))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("a.npy");
    assertThat(entries()).isEmpty();
  }
}
