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
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Reads files of other writers (see make_tiff_fixtures.py), of the JDK, of its own, and damaged.
 */
class TiffFormatTest {
  private static final int DAMAGED_COPIES = Integer.getInteger("tessera.damagedCopies", 30);
  private final TiffFormat format = new TiffFormat();
  @TempDir Path folder;

  private FieldSource open(Path file, String inner) throws IOException {
    return format.open(file, inner, OpenOptions.NONE);
  }

  /**
   * Element i of a page in C order is (37 i + 11) mod 120, plus the page's number, plus one half
   * for floats, minus 60 for signed integers.
   */
  private static Field pattern(FieldInfo info, long pageElements) {
    double shift = info.type().isFloat() ? 0.5 : info.type().name().startsWith("INT") ? -60 : 0;
    Field field = Field.allocate(info);
    for (long i = 0; i < info.shape().elements(); i++) {
      long page = i / pageElements;
      double value = (37 * (i % pageElements) + 11) % 120 + page + shift;
      info.type().set(field.data(), i, value);
    }
    return field;
  }

  @ParameterizedTest
  @CsvSource({
    "big_endian_u1,UINT8,33x21,693",
    "big_endian_i1,INT8,33x21,693",
    "big_endian_u2,UINT16,33x21,693",
    "big_endian_i2,INT16,33x21,693",
    "big_endian_u4,UINT32,33x21,693",
    "big_endian_i4,INT32,33x21,693",
    "big_endian_i8,INT64,33x21,693",
    "big_endian_f2,FLOAT32,33x21,693",
    "big_endian_f4,FLOAT32,33x21,693",
    "big_endian_f8,FLOAT64,33x21,693",
    "bigtiff_i4,INT32,3x33x21,693",
    "lzw_predictor_u2,UINT16,2x70x45,3150",
    "lzw_predictor_be_i4,INT32,70x45,3150",
    "lzw_long_u1,UINT8,300x200,60000",
    "deflate_predictor3_f4,FLOAT32,70x45,3150",
    "deflate_predictor3_be_f8,FLOAT64,70x45,3150",
    "zstd_i2,INT16,70x45,3150",
    "planar_rgb_u1,UINT8,3x40x30,3600",
    "chunky_rgb_u2,UINT16,3x40x30,3600",
    "chunky_rgb_plain_u1,UINT8,2x3x40x30,3600",
    "shaped_u1,UINT8,2x3x8x9,72",
    "imagej_u2,UINT16,4x8x9,72",
    "thumbnail,UINT8,16x18,288"
  })
  void readsOtherWriters(String name, DataType type, String shape, long pageElements)
      throws IOException {
    try (FieldSource source = open(Resources.path(name + ".tif"), "")) {
      assertThat(source.info().type()).isEqualTo(type);
      assertThat(source.info().shape()).isEqualTo(Shape.parse(shape));
      assertThat(source.info().name()).isEmpty();
      Field expected = pattern(source.info(), pageElements);
      assertThat(Fields.readAll(source)).isEqualTo(Fields.bytes(expected));
      Fields.assertBoxesMatch(source, expected, 5);
    }
  }

  @Test
  void readsPackedSamples() throws IOException {
    FieldInfo bytes = FieldInfo.of("", DataType.UINT8, Shape.of(70, 45));
    double[] expected = new double[3150];
    Arrays.setAll(expected, i -> Math.floor(pattern(bytes, 3150).get(i) / 16) * 16);
    try (FieldSource source = open(Resources.path("packbits_u1.tif"), "")) {
      assertThat(Fields.values(source)).isEqualTo(expected);
    }
    Field small = pattern(FieldInfo.of("", DataType.UINT16, Shape.of(20, 19)), 380);
    try (FieldSource source = open(Resources.path("mask_1bit.tif"), "")) {
      assertThat(source.info().type()).isEqualTo(DataType.UINT8);
      double[] mask = new double[380];
      Arrays.setAll(mask, i -> small.get(i) > 60 ? 1 : 0);
      assertThat(Fields.values(source)).isEqualTo(mask);
    }
    try (FieldSource source = open(Resources.path("packed_12bit.tif"), "")) {
      assertThat(source.info().type()).isEqualTo(DataType.UINT16);
      double[] scaled = new double[380];
      Arrays.setAll(scaled, i -> small.get(i) * 31);
      assertThat(Fields.values(source)).isEqualTo(scaled);
    }
  }

  @Test
  void keepsAttributes() throws IOException {
    try (FieldSource source = open(Resources.path("imagej_u2.tif"), "")) {
      assertThat(source.info().attributes())
          .containsEntry("XResolution", "5/1")
          .containsEntry("YResolution", "7/1")
          .hasEntrySatisfying("ImageDescription", text -> assertThat(text).startsWith("ImageJ="));
    }
    try (FieldSource source = open(Resources.path("shaped_u1.tif"), "")) {
      assertThat(source.info().attributes()).containsEntry("unit", "um");
    }
  }

  @ParameterizedTest
  @CsvSource({"jpeg_u1.tif,JPEG", "complex.tif,complex"})
  void refusesWhatItCannotHold(String name, String reason) {
    assertThatThrownBy(() -> open(Resources.path(name), ""))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining(reason);
  }

  @Test
  void unequalPagesAreReadOneByOne() throws IOException {
    Path file = Resources.path("unequal.tif");
    assertThatThrownBy(() -> open(file, ""))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("unequal.tif:1")
        .hasMessageContaining("8x9 u16");
    try (FieldSource source = open(file, "1")) {
      assertThat(source.info().type()).isEqualTo(DataType.UINT16);
      assertThat(Fields.values(source)).startsWith(12, 49);
    }
    for (String page : new String[] {"2", "-1", "first"}) {
      assertThatThrownBy(() -> open(file, page))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("pages 0 to 1");
    }
    try (FieldSource source = open(Resources.path("thumbnail.tif"), "1")) {
      assertThat(source.info().shape()).isEqualTo(Shape.of(4, 5));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"LZW", "ZLib", "Deflate", "PackBits"})
  void readsWhatTheJdkCompresses(String compression) throws IOException {
    Random random = new Random(4);
    BufferedImage image = new BufferedImage(301, 203, BufferedImage.TYPE_USHORT_GRAY);
    WritableRaster raster = image.getRaster();
    for (int i = 0; i < 301 * 203; i++) {
      // Noise makes LZW run through its whole table, the flat part makes long strings.
      raster.setSample(i % 301, i / 301, 0, i < 30_000 ? random.nextInt(65536) : 77);
    }
    Path file = folder.resolve("jdk.tif");
    ImageWriter writer = ImageIO.getImageWritersByFormatName("tiff").next();
    ImageWriteParam param = writer.getDefaultWriteParam();
    param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
    param.setCompressionType(compression);
    try (ImageOutputStream out = ImageIO.createImageOutputStream(file.toFile())) {
      writer.setOutput(out);
      writer.write(null, new IIOImage(image, null, null), param);
    }
    writer.dispose();
    double[] expected = raster.getSamples(0, 0, 301, 203, 0, (double[]) null);
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().type()).isEqualTo(DataType.UINT16);
      assertThat(Fields.values(source)).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"UINT8", "UINT16", "INT32", "FLOAT32"})
  void theJdkReadsWhatWeWrite(DataType type) throws IOException {
    FieldInfo info = FieldInfo.of("x", type, Shape.of(2, 17, 23));
    Field field = pattern(info, 17 * 23);
    Path file = write(field, "jdk.tif");
    ImageReader reader = ImageIO.getImageReadersByFormatName("tiff").next();
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      reader.setInput(in);
      assertThat(reader.getNumImages(true)).isEqualTo(2);
      Raster page = reader.read(1).getRaster();
      double[] samples = page.getSamples(0, 0, 23, 17, 0, (double[]) null);
      for (int i = 0; i < samples.length; i++) {
        assertThat(samples[i]).isEqualTo(field.get(17 * 23 + i));
      }
    }
    reader.dispose();
  }

  private Path write(Field field, String name) throws IOException {
    Path file = folder.resolve(name);
    try (FieldSink sink = format.create(file, "", field.info())) {
      Fields.writeInTiles(sink, field, 64, 64);
      sink.commit();
    }
    return file;
  }

  @Test
  void attributesComeBackThroughAFileOfOurOwn() throws IOException {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("ImageDescription", "ImageJ=1.53\nimages=7\n");
    attributes.put("units", "µm");
    attributes.put("empty", "");
    attributes.put("DateTime", "2024:01:02 03:04:05");
    attributes.put("XResolution", "72/1");
    attributes.put("ResolutionUnit", "3");
    FieldInfo info =
        new FieldInfo(
            "cells",
            DataType.INT64,
            Shape.of(2, 1, 3, 4),
            OptionalLong.of(Long.MIN_VALUE + 1),
            attributes);
    try (FieldSource source = open(write(Fields.random(info, 1), "own.tif"), "")) {
      assertThat(source.info()).isEqualTo(info);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.NEGATIVE_INFINITY, -1e30, 0})
  void fillValuesComeBack(double fill) throws IOException {
    FieldInfo info = FieldInfo.of("x", DataType.FLOAT32, Shape.of(3, 4)).withFill(fill);
    try (FieldSource source = open(write(Fields.random(info, 1), "fill.tif"), "")) {
      assertThat(source.info().fillBits()).isEqualTo(info.fillBits());
    }
  }

  @Test
  void writesBigTiffBeyondFourGigabytes() throws IOException {
    // Sparse: only the boxes written take space.
    FieldInfo info = FieldInfo.of("big", DataType.FLOAT32, Shape.of(3, 25_000, 20_000));
    Path file = folder.resolve("big.tif");
    try (FieldSink sink = format.create(file, "", info)) {
      sink.write(2, 24_999, 1, 19_996, 4, MemorySegment.ofArray(new float[] {1, 2, 3, 4}));
      sink.commit();
    }
    assertThat(Fields.head(file)[2]).isEqualTo((byte) 43);
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().shape()).isEqualTo(info.shape());
      float[] back = new float[4];
      source.read(2, 24_999, 1, 19_996, 4, MemorySegment.ofArray(back));
      assertThat(back).containsExactly(1, 2, 3, 4);
    }
  }

  @Test
  void readsImageJStacksWithASingleDirectory() throws IOException {
    byte[] description = "ImageJ=1.53\nimages=3\n\0".getBytes();
    ByteBuffer out = ByteBuffer.allocate(400).order(ByteOrder.BIG_ENDIAN);
    out.putShort((short) 0x4d4d).putShort((short) 42).putInt(8).putShort((short) 7);
    int data = 8 + 2 + 7 * 12 + 4 + description.length;
    int[][] tags = {
      {256, 4, 1, 5},
      {257, 4, 1, 4},
      {258, 4, 1, 8},
      {270, 2, description.length, 98},
      {273, 4, 1, data},
      {278, 4, 1, 4},
      {279, 4, 1, 20}
    };
    for (int[] tag : tags) {
      out.putShort((short) tag[0]).putShort((short) tag[1]).putInt(tag[2]).putInt(tag[3]);
    }
    out.putInt(0).put(description);
    for (int i = 0; i < 60; i++) {
      out.put((byte) i);
    }
    Path file = folder.resolve("imagej.tif");
    Files.write(file, Arrays.copyOf(out.array(), out.position()));
    try (FieldSource source = open(file, "")) {
      assertThat(source.info().shape()).isEqualTo(Shape.of(3, 4, 5));
      assertThat(Fields.readAll(source)).startsWith(0, 1, 2).endsWith(57, 58, 59);
    }
  }

  @Test
  void aLoopOfDirectoriesIsCorrupt() throws IOException {
    FieldInfo info = FieldInfo.of("x", DataType.UINT8, Shape.of(2, 3));
    Path file = write(Fields.random(info, 1), "loop.tif");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int tags = bytes.getShort(16);
    bytes.putInt(18 + 12 * tags, 16);
    Files.write(file, bytes.array());
    assertThatThrownBy(() -> open(file, ""))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("loop");
  }

  @Test
  void aHeaderCutInTheMiddleIsCorrupt() throws IOException {
    byte[] whole = Files.readAllBytes(Resources.path("bigtiff_i4.tif"));
    for (int length = 0; length < 300; length++) {
      Path file = folder.resolve("cut.tif");
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> open(file, "")).isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @Test
  void refusesAnInnerNameOnWriting() {
    FieldInfo info = FieldInfo.of("x", DataType.UINT8, Shape.of(2, 3));
    assertThatThrownBy(() -> format.create(folder.resolve("x.tif"), "3", info))
        .isInstanceOf(TesseraException.Invalid.class);
  }

  @ParameterizedTest
  @CsvSource({
    "bbbc022_ixm_a02_s9.tif,UINT16,3x395x695,135,4095",
    "cancer_cell_migration.tif,UINT16,48x130x130,0,65535",
    "maize_clsm.tif,UINT8,640x639,0,255"
  })
  void readsRealMicroscopy(String name, DataType type, String shape, double min, double max)
      throws IOException {
    try (FieldSource source = open(TestData.shared("data/real/microscopy/" + name), "")) {
      assertThat(source.info().type()).isEqualTo(type);
      assertThat(source.info().shape()).isEqualTo(Shape.parse(shape));
      double[] values = Fields.values(source);
      assertThat(Arrays.stream(values).min()).hasValue(min);
      assertThat(Arrays.stream(values).max()).hasValue(max);
    }
  }

  @Test
  void refusesGarbage() throws IOException {
    Fields.assertRefusesGarbage(format, folder.resolve("garbage.tif"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lzw_predictor_be_i4",
        "bigtiff_i4",
        "planar_rgb_u1",
        "packbits_u1",
        "zstd_i2",
        "deflate_predictor3_f4",
        "packed_12bit",
        "shaped_u1",
        "imagej_u2"
      })
  void survivesDamage(String name) throws IOException {
    Path scratch = folder.resolve("damaged.tif");
    Path file = Resources.path(name + ".tif");
    Fields.assertSurvivesDamage(format, file, "", scratch, 3 * DAMAGED_COPIES);
  }
}
