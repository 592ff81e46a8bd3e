package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RawFormatTest {
  private final RawFormat format = new RawFormat();

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "a_2x3.f32, 24, FLOAT32, 2x3",
    "a_100.f32, 400, FLOAT32, 100",
    "run01_t010_4x4x4.f64, 512, FLOAT64, 4x4x4",
    "a_2X3.d64, 48, FLOAT64, 2x3",
    "a_2x3_v2.u8, 6, UINT8, 2x3",
    "a_2x3_07.i8, 6, INT8, 2x3",
    "a_2x3.part.i16, 12, INT16, 2x3",
    "a_9x9_2x3.u16, 12, UINT16, 2x3",
    "a_2x3_0x4.i32, 24, INT32, 2x3",
    "a_2x3.i64be, 48, INT64, 2x3",
    "a_1x2x1x2x1x2x1.u32, 32, UINT32, 1x2x1x2x1x2x1"
  })
  void readsShapeAndTypeFromTheName(String name, int size, DataType type, String shape)
      throws IOException {
    try (FieldSource source = open(file(name, size), "", null, null)) {
      assertThat(source.info().type()).isEqualTo(type);
      assertThat(source.info().shape()).isEqualTo(Shape.parse(shape));
    }
  }

  @Test
  void theOptionsWinOverTheName() throws IOException {
    Path file = file("a_2x3.f32", 24);
    try (FieldSource source = open(file, "", Shape.of(4, 3), DataType.INT16)) {
      assertThat(source.info().type()).isEqualTo(DataType.INT16);
      assertThat(source.info().shape()).isEqualTo(Shape.of(4, 3));
    }
    OpenOptions fill = new OpenOptions(null, null, OptionalDouble.of(Double.NaN));
    try (FieldSource source = format.open(file, "", fill)) {
      assertThat(source.info().fill()).contains(Double.NaN);
    }
  }

  @Test
  void aSizeThatDoesNotMatchIsStatedTwice() throws IOException {
    Path file = file("a_2x3.f32", 28);
    assertThatThrownBy(() -> open(file, "", null, null))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("28 bytes")
        .hasMessageContaining("24 bytes");
    Shape huge = Shape.of(1L << 31, 1L << 31);
    assertThatThrownBy(() -> open(file, "", huge, null))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("more than 2^63 bytes");
  }

  @ParameterizedTest
  @CsvSource({"a.bin, --dtype", "a_2x3.raw, --dtype", "a.f32, --shape", "a, --shape"})
  void saysWhatIsMissing(String name, String option) throws IOException {
    Path file = file(name, 24);
    assertThatThrownBy(() -> open(file, "", null, null))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(option);
  }

  @ParameterizedTest
  @CsvSource({
    "a_2.dat, >i2, 258",
    "a_2.dat, i16be, 258",
    "a_2.dat, <i2, 513",
    "a_2.i16be, '', 258"
  })
  void readsBigEndianData(String name, String inner, double first) throws IOException {
    Path file = folder.resolve(name);
    Files.write(file, new byte[] {1, 2, 3, 4});
    try (FieldSource source = open(file, inner, null, null)) {
      assertThat(Fixtures.values(source)[0]).isEqualTo(first);
    }
    assertThatThrownBy(() -> open(file, "q9", null, null))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("'q9'");
  }

  @Test
  void refusesANameThatStatesAnotherType() {
    FieldInfo info = FieldInfo.of("", DataType.FLOAT64, Shape.of(2));
    assertThatThrownBy(() -> format.create(folder.resolve("a.f32"), "", info))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(".f64");
  }

  @Test
  void readsAndWritesTheFarEndOfASparseFile() throws IOException {
    Shape shape = Shape.of(3, 30_000, 30_001);
    FieldInfo info = FieldInfo.of("", DataType.UINT16, shape);
    Path file = folder.resolve("far_3x30000x30001.u16");
    try (FieldSink sink = format.create(file, "", info)) {
      sink.write(2, 29_998, 2, 29_999, 2, MemorySegment.ofArray(new short[] {1, 2, 3, 4}));
      sink.commit();
    }
    assertThat(Files.size(file)).isEqualTo(5_400_180_000L);
    try (FieldSource source = open(file, "", null, null)) {
      short[] box = new short[6];
      source.read(2, 29_998, 2, 29_998, 3, MemorySegment.ofArray(box));
      assertThat(box).containsExactly(0, 1, 2, 0, 3, 4);
    }
    Files.delete(file);
  }

  @Test
  void refusesWhatTheDiskCannotHold() {
    FieldInfo info = FieldInfo.of("", DataType.FLOAT32, Shape.of(1L << 30, 1L << 29));
    assertThatThrownBy(() -> format.create(folder.resolve("a.f32"), "", info))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("free");
    FieldInfo impossible = FieldInfo.of("", DataType.FLOAT32, Shape.of(1L << 31, 1L << 31));
    assertThatThrownBy(() -> format.create(folder.resolve("a.f32"), "", impossible))
        .isInstanceOf(TesseraException.Unsupported.class);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void readsRealData() throws IOException {
    Path file = TestData.shared("data/real/climate/um_theta_15x100x100.f32");
    try (FieldSource source = open(file, "", null, null)) {
      double[] values = java.util.Arrays.stream(Fixtures.values(source)).sorted().toArray();
      assertThat(values).hasSize(150_000);
      assertThat(values[0]).isBetween(287.33, 287.34);
      assertThat(values[149_999]).isBetween(289.08, 289.09);
    }
  }

  @Test
  void boxesOutsideAreTheCallersMistake() throws IOException {
    try (FieldSource source = open(file("a_2x3.u8", 6), "", null, null)) {
      MemorySegment target = MemorySegment.ofArray(new byte[6]);
      assertThatThrownBy(() -> source.read(0, 1, 2, 0, 3, target))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> source.read(1, 0, 1, 0, 3, target))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> source.read(0, 0, 2, 0, 3, target.asSlice(1)))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  private FieldSource open(Path file, String inner, Shape shape, DataType type) throws IOException {
    RawType raw = type == null ? null : RawType.parse(type.code());
    return format.open(file, inner, new OpenOptions(shape, raw, OptionalDouble.empty()));
  }

  private Path file(String name, int size) throws IOException {
    return Files.write(folder.resolve(name), new byte[size]);
  }
}
