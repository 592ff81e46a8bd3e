package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyFormatTest {
  private final NpyFormat format = new NpyFormat();

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "c_le_f4.npy, FLOAT32, 3x5, 0.5",
    "c_be_i4.npy, INT32, 2x3x4, 1",
    "fortran_be_f8.npy, FLOAT64, 3x4x5, 0.5",
    "fortran_u2.npy, UINT16, 40x37, 1",
    "version2.npy, INT16, 2x3, 1",
    "version3.npy, INT16, 2x3, 1"
  })
  void readsWhatNumPyWrote(String name, DataType type, String shape, double step)
      throws IOException {
    try (FieldSource source = format.open(Fixtures.file(name), "", OpenOptions.NONE)) {
      assertThat(source.info().type()).isEqualTo(type);
      assertThat(source.info().shape()).isEqualTo(Shape.parse(shape));
      int count = (int) source.info().shape().elements();
      assertThat(Fixtures.values(source)).isEqualTo(Fixtures.ramp(count, 0, step));
    }
  }

  @Test
  void readsBoxesOfFortranOrder() throws IOException {
    try (FieldSource source =
        format.open(Fixtures.file("fortran_be_f8.npy"), "", OpenOptions.NONE)) {
      double[] box = new double[6];
      source.read(2, 1, 2, 2, 3, MemorySegment.ofArray(box));
      assertThat(box).containsExactly(23.5, 24, 24.5, 26, 26.5, 27);
    }
  }

  @Test
  void readsHalfPrecisionBooleansAndScalars() throws IOException {
    try (FieldSource source = format.open(Fixtures.file("half_be.npy"), "", OpenOptions.NONE)) {
      assertThat(source.info().type()).isEqualTo(DataType.FLOAT32);
      assertThat(Fixtures.values(source))
          .containsExactly(0, 1, -2.5, 65504, 0x1p-24, Double.POSITIVE_INFINITY, Double.NaN);
    }
    try (FieldSource source = format.open(Fixtures.file("bool.npy"), "", OpenOptions.NONE)) {
      assertThat(source.info().type()).isEqualTo(DataType.UINT8);
      assertThat(Fixtures.values(source)).containsExactly(1, 0, 0, 1);
    }
    try (FieldSource source = format.open(Fixtures.file("scalar.npy"), "", OpenOptions.NONE)) {
      assertThat(source.info().shape().rank()).isZero();
      assertThat(Fixtures.values(source)).containsExactly(42);
    }
  }

  @ParameterizedTest
  @CsvSource({"complex.npy, complex", "structured.npy, structured", "empty.npy, empty"})
  void refusesByNameWhatNoFieldCanHold(String name, String word) {
    assertThatThrownBy(() -> format.open(Fixtures.file(name), "", OpenOptions.NONE))
        .isInstanceOf(TesseraException.class)
        .hasMessageContaining(word)
        .hasMessageContaining(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"<u8", "|S3", "<U3", "|O", "|V4", "<M8[s]", "<m8", "<f16", "<c16", "<q9", ""})
  void refusesOtherTypes(String descr) throws IOException {
    Path file = npy("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (1,), }", 16);
    assertThatThrownBy(() -> format.open(file, "", OpenOptions.NONE))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("which no field can have");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2147483648, 2147483648), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (100,), }",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, }",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (1,), }",
        "{'descr': [[[[[[[[, 'fortran_order': False, 'shape': (1,), }",
        "{'descr' '<f4'}",
        "{'shape': (1",
        "{'x': 1}",
        "{",
        "",
        "'descr'"
      })
  void refusesHostileHeaders(String header) throws IOException {
    Path file = npy(header, 64);
    assertThatThrownBy(() -> format.open(file, "", OpenOptions.NONE))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void refusesAHeaderThatReachesPastTheEnd() throws IOException {
    Path file = folder.resolve("x.npy");
    Files.write(file, new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, -1, -1, -1, -1, '{'});
    assertThatThrownBy(() -> format.open(file, "", OpenOptions.NONE))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("4294967295 bytes reaches past its end of 13");
    Files.write(file, new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 9, 0, 0, 0});
    assertThatThrownBy(() -> format.open(file, "", OpenOptions.NONE))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("version 9.0");
  }

  @Test
  void manyBracketsDoNotExhaustTheStack() throws IOException {
    String deep = "[".repeat(30_000) + "]".repeat(30_000);
    Path file = npy("{'descr': " + deep + ", 'fortran_order': False, 'shape': (1,)}", 4);
    assertThatThrownBy(() -> format.open(file, "", OpenOptions.NONE))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("structured");
  }

  @Test
  void writesTheBytesThatNumPyWrites() throws IOException {
    float[] values = new float[15];
    for (int i = 0; i < values.length; i++) {
      values[i] = i / 2f;
    }
    Path file = folder.resolve("c_le_f4.npy");
    write(file, Field.of(values, 3, 5));
    assertThat(file).hasSameBinaryContentAs(Fixtures.file("c_le_f4.npy"));

    FieldInfo scalar = FieldInfo.of("", DataType.INT64, Shape.of());
    write(file, new Field(scalar, MemorySegment.ofArray(new long[] {42})));
    assertThat(file).hasSameBinaryContentAs(Fixtures.file("scalar.npy"));
  }

  @Test
  void readsAGoldenModelInput() throws IOException {
    Path file = TestData.file("golden/bmshj2018-factorized/x.npy");
    try (FieldSource source = format.open(file, "", OpenOptions.NONE)) {
      assertThat(source.info().shape()).isEqualTo(Shape.of(2, 3, 128, 192));
      assertThat(java.util.Arrays.stream(Fixtures.values(source))).allMatch(v -> v >= 0 && v <= 1);
    }
  }

  @Test
  void theStatedFillValueMustSuitTheType() throws IOException {
    Path file = Fixtures.file("c_be_i4.npy");
    OpenOptions options = new OpenOptions(null, null, OptionalDouble.of(-3));
    try (FieldSource source = format.open(file, "", options)) {
      assertThat(source.info().fill()).contains(-3.0);
    }
    OpenOptions half = new OpenOptions(null, null, OptionalDouble.of(0.5));
    assertThatThrownBy(() -> format.open(file, "", half))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("0.5");
    OpenOptions nan = new OpenOptions(null, null, OptionalDouble.of(Double.NaN));
    assertThatThrownBy(() -> format.open(file, "", nan))
        .isInstanceOf(TesseraException.Invalid.class);
  }

  @Test
  void refusesInnerNames() {
    assertThatThrownBy(() -> format.open(Fixtures.file("c_le_f4.npy"), "a", OpenOptions.NONE))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("':a'");
  }

  private static void write(Path file, Field field) throws IOException {
    try (FieldSink sink = new NpyFormat().create(file, "", field.info())) {
      ArrayFormatRoundTripTest.write(sink, field);
    }
  }

  private Path npy(String header, int dataBytes) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.US_ASCII);
    byte[] bytes = new byte[10 + text.length + dataBytes];
    byte[] start = {
      (byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) text.length, (byte) (text.length >> 8)
    };
    System.arraycopy(start, 0, bytes, 0, 10);
    System.arraycopy(text, 0, bytes, 10, text.length);
    return Files.write(folder.resolve("hostile.npy"), bytes);
  }
}
