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
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import nom.tam.fits.Fits;
import nom.tam.fits.ImageHDU;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FitsFormatTest {
  private final FitsFormat format = new FitsFormat();

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "gc_bolocam_gps.fits, FLOAT32, 638x640, -1.95, 9.88755",
    "spitzer_irac.fits, FLOAT32, 513x1025, 0.589473, 3938.25",
    "trace_171_1024.fits, INT16, 1024x1024, 56, 2606"
  })
  void readsSkyMapsAndGivesThemBack(
      String name, DataType type, String shape, double min, double max) throws IOException {
    Path file = TestData.shared("data/real/astronomy/" + name);
    Path copy = folder.resolve(name);
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().type()).isEqualTo(type);
      assertThat(source.info().shape()).isEqualTo(Shape.parse(shape));
      double[] finite =
          Arrays.stream(Fixtures.values(source)).filter(Double::isFinite).sorted().toArray();
      assertThat(finite[0]).isCloseTo(min, within(1e-5 * Math.abs(min)));
      assertThat(finite[finite.length - 1]).isCloseTo(max, within(1e-5 * max));
      copy(source, copy);
      try (FieldSource again = open(copy, "")) {
        assertThat(again.info()).isEqualTo(source.info());
        assertThat(List.copyOf(again.info().attributes().keySet()))
            .isEqualTo(List.copyOf(source.info().attributes().keySet()));
        assertThat(ArrayFormatRoundTripTest.readAll(again))
            .isEqualTo(ArrayFormatRoundTripTest.readAll(source));
      }
    }
  }

  private static org.assertj.core.data.Offset<Double> within(double tolerance) {
    return org.assertj.core.api.Assertions.within(tolerance);
  }

  @Test
  void choosesUnitsByNumberNameAndVersion() throws IOException {
    Path file = Fixtures.file("several.fits");
    for (String inner : List.of("", "1", "SCI", "sci", "SCI,1")) {
      try (FieldSource source = open(file, inner)) {
        assertThat(source.info().type()).isEqualTo(DataType.UINT16);
        assertThat(source.info().name()).isEqualTo("SCI");
        assertThat(Fixtures.values(source)).isEqualTo(Fixtures.ramp(15, 65000, 1));
        assertThat(source.info().attributes()).doesNotContainKeys("BZERO", "BSCALE", "NAXIS1");
      }
    }
    for (String inner : List.of("3", "SCI,2")) {
      try (FieldSource source = open(file, inner)) {
        assertThat(source.info().shape()).isEqualTo(Shape.of(2, 3, 4));
      }
    }
    assertThatThrownBy(() -> open(file, "SCI,7"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("0 (empty image), 1 SCI (image), 2 TAB (table), 3 SCI (image)");
    for (String inner : List.of("0", "2", "TAB")) {
      assertThatThrownBy(() -> open(file, inner))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("no image with data");
    }
  }

  @Test
  void keepsScalingBlankAndCardsOfEveryKind() throws IOException {
    Path copy = folder.resolve("copy.fits");
    FieldInfo info;
    try (FieldSource source = open(Fixtures.file("several.fits"), "3")) {
      info = source.info();
      assertThat(info.type()).isEqualTo(DataType.INT32);
      assertThat(info.fill()).contains(-9.0);
      assertThat(Fixtures.values(source)).isEqualTo(Fixtures.ramp(24, 0, 1));
      copy(source, copy);
    }
    assertThat(info.attributes())
        .containsEntry("BSCALE", "0.5")
        .containsEntry("BZERO", "10.0")
        .containsEntry("CRVAL1", "83.625 / [deg] right ascension")
        .containsEntry("HIERARCH ESO DET NAME", "'it''s long'")
        .containsEntry("HISTORY", "first")
        .containsEntry("HISTORY#2", "second")
        .containsEntry("COMMENT", "= not a value");
    try (FieldSource source = open(copy, "")) {
      assertThat(source.info()).isEqualTo(info);
      assertThat(Fixtures.values(source)).isEqualTo(Fixtures.ramp(24, 0, 1));
    }
    try (Fits fits = new Fits(copy.toFile())) {
      var header = fits.getHDU(0).getHeader();
      assertThat(header.getStringValue("LONGTEXT"))
          .isEqualTo("x".repeat(60) + "'quoted'" + "y".repeat(60));
      assertThat(header.getDoubleValue("CRVAL1")).isEqualTo(83.625);
      assertThat(header.getStringValue("HIERARCH.ESO.DET.NAME")).isEqualTo("it's long");
    }
  }

  @ParameterizedTest
  @CsvSource({"RICE, INT16, 40x50", "CUBE, INT32, 3x20x30", "FLOAT, FLOAT32, 10x12"})
  void readsCompressedTiles(String name, DataType type, String shape) throws IOException {
    try (FieldSource source = open(Fixtures.file("tiled.fits.fz"), name)) {
      FieldInfo info = source.info();
      assertThat(info.type()).isEqualTo(type);
      assertThat(info.shape()).isEqualTo(Shape.parse(shape));
      assertThat(info.attributes().keySet()).noneMatch(FitsCards::isCompression);
      if (name.equals("RICE")) {
        assertThat(info.attributes()).containsEntry("OBJECT", "'test pattern'");
        try (FieldSource npy =
            new NpyFormat().open(Fixtures.file("tiled_rice.npy"), "", OpenOptions.NONE)) {
          assertThat(Fixtures.values(source)).isEqualTo(Fixtures.values(npy));
        }
      } else {
        double step = type.isFloat() ? 0.5 : 1;
        double[] ramp = Fixtures.ramp((int) info.shape().elements(), 0, step);
        assertThat(Fixtures.values(source)).isEqualTo(ramp);
      }
    }
  }

  @Test
  void refusesTilesAcrossPlanes() {
    assertThatThrownBy(() -> open(Fixtures.file("tiled.fits.fz"), "DEEP"))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("funpack");
  }

  @Test
  void damagedTilesAreRefused() throws IOException {
    byte[] whole = Files.readAllBytes(Fixtures.file("tiled.fits.fz"));
    java.util.Random random = new java.util.Random(3);
    Path file = folder.resolve("damaged.fits.fz");
    for (int i = 0; i < 60; i++) {
      byte[] damaged = whole.clone();
      for (int k = 0; k < 6; k++) {
        damaged[FitsHdu.BLOCK + random.nextInt(whole.length - FitsHdu.BLOCK)] =
            (byte) random.nextInt();
      }
      Files.write(file, i % 5 == 0 ? Arrays.copyOf(damaged, whole.length * i / 64) : damaged);
      try (FieldSource source = open(file, i % 2 == 0 ? "" : "CUBE")) {
        assertThat(source.info().bytes()).isPositive();
      } catch (TesseraException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"INT8, -128", "UINT16, 32768", "UINT32, 2147483648"})
  void storesOtherSignsAsTheStandardAsks(DataType type, long zero) throws Exception {
    Path file = folder.resolve("v.fits");
    FieldInfo info = FieldInfo.of("", type, Shape.of(1, 3)).withFill(type.max());
    Field field = Field.allocate(info);
    type.set(field.data(), 0, type.min());
    type.set(field.data(), 1, 5);
    type.set(field.data(), 2, type.max());
    try (FieldSink sink = format.create(file, "", info)) {
      ArrayFormatRoundTripTest.write(sink, field);
    }
    assertThat(Files.size(file)).isEqualTo(2L * FitsHdu.BLOCK);
    try (Fits fits = new Fits(file.toFile())) {
      ImageHDU image = (ImageHDU) fits.getHDU(0);
      assertThat(image.getBZero()).isEqualTo(zero);
      long blank = image.getHeader().getLongValue("BLANK");
      assertThat(blank + zero).isEqualTo((long) type.max());
      Object kernel = nom.tam.util.ArrayFuncs.flatten(image.getKernel());
      long first = ((Number) java.lang.reflect.Array.get(kernel, 0)).longValue();
      assertThat((type == DataType.INT8 ? first & 0xff : first) + zero)
          .isEqualTo((long) type.min());
    }
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().fill()).contains(type.max());
      assertThat(Fixtures.values(source)).containsExactly(type.min(), 5, type.max());
    }
  }

  @Test
  void scalingNeverTurnsSignedDataIntoUnsigned() throws IOException {
    Map<String, String> attributes = Map.of("BZERO", "32768. / offset", "BSCALE", "1.0");
    FieldInfo info =
        new FieldInfo("", DataType.INT16, Shape.of(1, 2), OptionalLong.empty(), attributes);
    Path file = folder.resolve("v.fits");
    try (FieldSink sink = format.create(file, "", info)) {
      sink.commit();
    }
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().type()).isEqualTo(DataType.INT16);
    }
  }

  @Test
  void namesTheExtensionOnRequest() throws IOException {
    FieldInfo info = FieldInfo.of("x", DataType.UINT8, Shape.of());
    Path file = folder.resolve("v.fits");
    try (FieldSink sink = format.create(file, "o'clock", info)) {
      sink.write(0, 0, 1, 0, 1, MemorySegment.ofArray(new byte[] {7}));
      sink.commit();
    }
    try (FieldSource source = open(file, "O'CLOCK")) {
      assertThat(source.info().shape()).isEqualTo(Shape.of(1));
      assertThat(Fixtures.values(source)).containsExactly(7);
    }
    assertThatThrownBy(() -> format.create(file, "2", info))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("':2'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "BITPIX=16,NAXIS=-1",
        "BITPIX=16,NAXIS=1000000",
        "BITPIX=16,NAXIS=2,NAXIS1=5",
        "BITPIX=16,NAXIS=1,NAXIS1=-5",
        "BITPIX=16,NAXIS=1,NAXIS1=2.5",
        "BITPIX=16,NAXIS=1,NAXIS1='x'",
        "BITPIX=16,NAXIS=1,NAXIS1=1E999999999",
        "BITPIX=16,NAXIS=1,NAXIS1=99999999999999999999999",
        "BITPIX=16,NAXIS=2,NAXIS1=4000000000,NAXIS2=4000000000",
        "BITPIX=16,NAXIS=1,NAXIS1=4000000000000000000",
        "BITPIX=16,NAXIS=1,NAXIS1=100000",
        "BITPIX=16,NAXIS=1,NAXIS1=10,PCOUNT=-100",
        "BITPIX=17,NAXIS=1,NAXIS1=10",
        "NAXIS=1,NAXIS1=10",
        "BITPIX=16"
      })
  void refusesHostileHeaders(String cards) throws IOException {
    Path file = fits(cards, 2);
    assertThatThrownBy(() -> open(file, ""))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("hostile.fits");
  }

  @Test
  void toleratesMissingPaddingAndTrailingBytes() throws IOException {
    Path file = fits("BITPIX=16,NAXIS=2,NAXIS1=3,NAXIS2=2", 1);
    byte[] whole = Files.readAllBytes(file);
    ByteBuffer.wrap(whole).putShort(FitsHdu.BLOCK + 10, (short) -77);
    Files.write(file, Arrays.copyOf(whole, FitsHdu.BLOCK + 12));
    try (FieldSource source = open(file, "")) {
      assertThat(Fixtures.values(source)).containsExactly(0, 0, 0, 0, 0, -77);
    }
    Files.write(file, Arrays.copyOf(whole, whole.length + 100));
    try (FieldSource source = open(file, "0")) {
      assertThat(source.info().shape()).isEqualTo(Shape.of(2, 3));
    }
    Files.write(file, Arrays.copyOf(whole, FitsHdu.BLOCK + 11));
    assertThatThrownBy(() -> open(file, ""))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("cut off");
  }

  @Test
  void theUsersFillValueWins() throws IOException {
    Path file = fits("BITPIX=16,NAXIS=1,NAXIS1=3,BLANK=-1", 1);
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().fill()).contains(-1.0);
    }
    OpenOptions options = new OpenOptions(null, null, OptionalDouble.of(12));
    try (FieldSource source = format.open(file, "", options)) {
      assertThat(source.info().fill()).contains(12.0);
    }
    try (FieldSource source = open(fits("BITPIX=16,NAXIS=1,NAXIS1=3,BLANK=99999", 1), "")) {
      assertThat(source.info().fill()).isEmpty();
    }
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

  private Path fits(String cards, int dataBlocks) throws IOException {
    List<String> lines = new ArrayList<>(List.of("SIMPLE  =                    T"));
    for (String card : cards.split(",")) {
      String[] parts = card.split("=", 2);
      lines.add(String.format("%-8s= %20s", parts[0], parts[1]));
    }
    lines.add("END");
    StringBuilder header = new StringBuilder();
    lines.forEach(line -> header.append(String.format("%-80s", line)));
    header.append(" ".repeat(FitsHdu.BLOCK - header.length()));
    byte[] bytes = header.toString().getBytes(StandardCharsets.US_ASCII);
    return Files.write(
        folder.resolve("hostile.fits"), Arrays.copyOf(bytes, FitsHdu.BLOCK * (1 + dataBlocks)));
  }
}
