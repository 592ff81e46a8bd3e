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
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetCdf3FormatTest {
  private final NetCdf3Format format = new NetCdf3Format();

  @TempDir Path folder;

  @Test
  void readsInterleavedRecordsAndFindsTheOnlyDataVariable() throws IOException {
    try (FieldSource source = open(Fixtures.file("records.nc"), "")) {
      FieldInfo info = source.info();
      assertThat(info.name()).isEqualTo("packed");
      assertThat(info.type()).isEqualTo(DataType.INT16);
      assertThat(info.shape()).isEqualTo(Shape.of(4, 3, 5));
      assertThat(info.fill()).contains(-32767.0);
      assertThat(Fixtures.values(source)).isEqualTo(Fixtures.ramp(60, 0, 1));
      assertThat(info.attributes())
          .containsEntry("scale_factor", "0.01")
          .containsEntry("add_offset", "273.15f")
          .containsEntry("valid_range", "0s, 1000s")
          .containsEntry("units", "K")
          .containsEntry("note", "\"42\"")
          .containsEntry(":title", "fixture")
          .containsEntry(":version", "7s")
          .containsEntry("DIMENSION_LABELS", "time/lat/lon");
      short[] box = new short[4];
      source.read(3, 1, 2, 3, 2, MemorySegment.ofArray(box));
      assertThat(box).containsExactly((short) 53, (short) 54, (short) 58, (short) 59);
    }
    try (FieldSource source = open(Fixtures.file("records.nc"), "/time")) {
      assertThat(Fixtures.values(source)).containsExactly(0, 1, 2, 3);
    }
  }

  @Test
  void aSingleRecordVariableIsNotPadded() throws IOException {
    try (FieldSource source = open(Fixtures.file("bytes.nc"), "")) {
      assertThat(Fixtures.values(source)).isEqualTo(Fixtures.ramp(15, 0, 1));
    }
  }

  @Test
  void countsTheRecordsOfAFileThatWasNeverClosed() throws IOException {
    byte[] bytes = Files.readAllBytes(Fixtures.file("records.nc"));
    ByteBuffer.wrap(bytes).putInt(4, -1);
    try (FieldSource source = open(Files.write(folder.resolve("open.nc"), bytes), "packed")) {
      assertThat(source.info().shape()).isEqualTo(Shape.of(4, 3, 5));
    }
    ByteBuffer.wrap(bytes).putInt(4, 0);
    Path none = Files.write(folder.resolve("none.nc"), bytes);
    assertThatThrownBy(() -> open(none, "packed"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("no records");
    ByteBuffer.wrap(bytes).putInt(4, 2_000_000_000);
    Path many = Files.write(folder.resolve("many.nc"), bytes);
    assertThatThrownBy(() -> open(many, "packed")).isInstanceOf(TesseraException.Corrupt.class);
  }

  @ParameterizedTest
  @CsvSource({
    "several.nc, a, FLOAT32, 0, 0.5",
    "several.nc, b, UINT8, 120, 1",
    "cdf5.nc, u, UINT32, 4000000000, 1",
    "cdf5.nc, l, INT64, 0, 1"
  })
  void readsEveryVersion(String file, String variable, DataType type, double first, double step)
      throws IOException {
    try (FieldSource source = open(Fixtures.file(file), variable)) {
      assertThat(source.info().type()).isEqualTo(type);
      assertThat(Fixtures.values(source)).isEqualTo(Fixtures.ramp(12, first, step));
    }
  }

  @Test
  void unsignedByAttributeGoesBackTheSameWay() throws IOException {
    Path copy = folder.resolve("copy.nc");
    try (FieldSource source = open(Fixtures.file("several.nc"), "b")) {
      assertThat(source.info().fill()).contains(255.0);
      copy(source, copy);
    }
    assertThat(Files.readAllBytes(copy)).startsWith('C', 'D', 'F', 1);
    try (FieldSource source = open(copy, "")) {
      assertThat(source.info().type()).isEqualTo(DataType.UINT8);
      assertThat(source.info().fill()).contains(255.0);
      assertThat(Fixtures.values(source)).isEqualTo(Fixtures.ramp(12, 120, 1));
    }
  }

  @Test
  void namesTheVariablesWhenThereAreSeveral() {
    assertThatThrownBy(() -> open(Fixtures.file("several.nc"), ""))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("several.nc:a")
        .hasMessageContaining("a (3x4 float), b (3x4 byte), s (double)");
    assertThatThrownBy(() -> open(Fixtures.file("several.nc"), "nothing"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("no variable 'nothing'");
    assertThatThrownBy(() -> open(Fixtures.file("several.nc"), "label"))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("characters");
    assertThatThrownBy(() -> open(Fixtures.file("cdf5.nc"), "w"))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("unsigned 64-bit");
  }

  @Test
  void restoresAttributesAndDimensionNames() throws IOException {
    Path copy = folder.resolve("copy.nc");
    FieldInfo original;
    try (FieldSource source = open(Fixtures.file("records.nc"), "")) {
      original = source.info();
      copy(source, copy);
    }
    try (FieldSource source = open(copy, "")) {
      assertThat(source.info()).isEqualTo(original);
      assertThat(source.info().attributes().keySet())
          .containsExactlyElementsOf(original.attributes().keySet());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "INT8, 1",
    "INT16, 1",
    "INT32, 1",
    "FLOAT32, 1",
    "FLOAT64, 1",
    "INT64, 5",
    "UINT8, 5",
    "UINT16, 5",
    "UINT32, 5"
  })
  void choosesTheOldestVersionThatHoldsTheType(DataType type, int version) throws IOException {
    Path file = folder.resolve("v.nc");
    FieldInfo info = FieldInfo.of("v", type, Shape.of(2, 3)).withFill(3);
    try (FieldSink sink = format.create(file, "", info)) {
      ArrayFormatRoundTripTest.write(sink, ArrayFormatRoundTripTest.random(info, 1));
    }
    assertThat(Files.readAllBytes(file)[3]).isEqualTo((byte) version);
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().fill()).contains(3.0);
    }
  }

  @ParameterizedTest
  @CsvSource({"2x1000000000, 1", "3x1000000000, 2", "1x2147483647, 5"})
  void choosesTheVersionByTheSize(String shape, int version) {
    FieldInfo info = FieldInfo.of("v", DataType.INT8, Shape.parse(shape));
    byte[] header = new NetCdf3Writer(info, "v").header();
    assertThat(header[3]).isEqualTo((byte) version);
    FieldInfo huge = FieldInfo.of("v", DataType.FLOAT32, Shape.of(4, 1_000_000_000));
    ByteBuffer bytes = ByteBuffer.wrap(new NetCdf3Writer(huge, "v").header());
    // A variable beyond 4 GiB has a size of all ones, and begins right behind the header.
    assertThat(bytes.getInt(bytes.limit() - 12)).isEqualTo(-1);
    assertThat(bytes.getLong(bytes.limit() - 8)).isEqualTo(bytes.limit());
  }

  @Test
  void readsTheFarEndOfAVariableBeyondFourGigabytes() throws IOException {
    Path file = folder.resolve("far.nc");
    FieldInfo info = FieldInfo.of("v", DataType.FLOAT32, Shape.of(3, 20_000, 20_001));
    try (FieldSink sink = format.create(file, "", info)) {
      sink.write(2, 19_999, 1, 19_999, 2, MemorySegment.ofArray(new float[] {5, 6}));
      sink.commit();
    }
    try (FieldSource source = open(file, "")) {
      float[] box = new float[4];
      source.read(2, 19_998, 2, 19_999, 2, MemorySegment.ofArray(box));
      assertThat(box).containsExactly(0, 0, 5, 6);
    }
    Files.delete(file);
  }

  @Test
  void namesOfOtherFormatsBecomeLegal() throws IOException {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("DATE-OBS", "'2001-01-01' / date");
    attributes.put("HISTORY#2", "more");
    attributes.put("a/b", "1.5");
    attributes.put(" ", "blank");
    attributes.put("DIMENSION_LABELS", "only_one");
    FieldInfo info =
        new FieldInfo(
            "/group/data set", DataType.FLOAT32, Shape.of(2, 2), OptionalLong.empty(), attributes);
    Path file = folder.resolve("v.nc");
    try (FieldSink sink = format.create(file, "", info)) {
      sink.commit();
    }
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().name()).isEqualTo("group_data set");
      assertThat(source.info().attributes())
          .containsEntry("DATE-OBS", "'2001-01-01' / date")
          .containsEntry("HISTORY#2", "more")
          .containsEntry("a_b", "1.5")
          .containsEntry("DIMENSION_LABELS", "dim0/dim1");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // dimension count of 2^31 − 1; list tag that is not one; negative record count
        "43444601 00000000 0000000a 7fffffff",
        "43444601 00000000 0000000c 00000001",
        "43444601 80000000 00000000 00000000",
        // a name of 4 GiB; an attribute of type 99; CDF-5 with a negative size
        "43444601 00000000 0000000a 00000001 fffffffc",
        "43444602 00000000 00000000 00000000 0000000c 00000001 00000001 61000000 00000063 00000001",
        "43444605 0000000000000000 0000000a 8000000000000001",
        "43444603 00000000 00000000 00000000"
      })
  void refusesHostileHeaders(String hex) throws IOException {
    byte[] bytes = java.util.HexFormat.of().parseHex(hex.replace(" ", ""));
    Path file = Files.write(folder.resolve("hostile.nc"), bytes);
    assertThatThrownBy(() -> open(file, ""))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("hostile.nc");
  }

  @Test
  void zerosWithoutEndDoNotExhaustTheMemory() throws IOException {
    Path file = folder.resolve("zeros.nc");
    Files.write(file, java.util.HexFormat.of().parseHex("43444601000000000000000a3fffffff"));
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(6L << 30);
    }
    assertThatThrownBy(() -> open(file, "")).isInstanceOf(TesseraException.Corrupt.class);
  }

  private FieldSource open(Path file, String inner) throws IOException {
    return format.open(file, inner, OpenOptions.NONE);
  }

  private void copy(FieldSource source, Path target) throws IOException {
    byte[] all = ArrayFormatRoundTripTest.readAll(source);
    try (FieldSink sink = format.create(target, "", source.info())) {
      ArrayFormatRoundTripTest.write(sink, new Field(source.info(), MemorySegment.ofArray(all)));
    }
  }
}
