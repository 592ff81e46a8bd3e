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
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.zip.Deflater;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** PNG against the JDK's own reader and writer, and damaged files. */
class PngFormatTest {
  private static final int DAMAGED_COPIES = Integer.getInteger("tessera.damagedCopies", 30);
  private final PngFormat format = new PngFormat();
  @TempDir Path folder;

  private FieldSource open(Path file) throws IOException {
    return format.open(file, "", OpenOptions.NONE);
  }

  private static BufferedImage image(int width, int height, int depth, int bands) {
    int space = bands < 3 ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB;
    boolean alpha = bands == 2 || bands == 4;
    int transfer = depth == 16 ? DataBuffer.TYPE_USHORT : DataBuffer.TYPE_BYTE;
    ColorModel model =
        new ComponentColorModel(
            ColorSpace.getInstance(space),
            alpha,
            false,
            alpha ? Transparency.TRANSLUCENT : Transparency.OPAQUE,
            transfer);
    WritableRaster raster = model.createCompatibleWritableRaster(width, height);
    Random random = new Random(9);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int b = 0; b < bands; b++) {
          int smooth = (x * 3 + y * 5 + b * 40) % (1 << depth);
          int value = random.nextInt(4) == 0 ? random.nextInt(1 << depth) : smooth;
          raster.setSample(x, y, b, alpha && b == bands - 1 ? (1 << depth) - 1 : value);
        }
      }
    }
    return new BufferedImage(model, raster, false, null);
  }

  private Path write(BufferedImage image, boolean interlaced) throws IOException {
    Path file = folder.resolve("jdk.png");
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    ImageWriteParam param = writer.getDefaultWriteParam();
    param.setProgressiveMode(
        interlaced ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
    try (ImageOutputStream out = ImageIO.createImageOutputStream(file.toFile())) {
      writer.setOutput(out);
      writer.write(null, new IIOImage(image, null, null), param);
    }
    writer.dispose();
    return file;
  }

  private static void assertHolds(FieldSource source, Raster raster, int planes)
      throws IOException {
    int width = raster.getWidth();
    int height = raster.getHeight();
    Shape shape = planes == 1 ? Shape.of(height, width) : Shape.of(planes, height, width);
    assertThat(source.info().shape()).isEqualTo(shape);
    double[] values = Fields.values(source);
    for (int i = 0; i < values.length; i++) {
      int pixel = i % (width * height);
      int sample = raster.getSample(pixel % width, pixel / width, i / (width * height));
      assertThat(values[i]).isEqualTo(sample);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "8,1,false",
    "8,1,true",
    "8,3,false",
    "8,3,true",
    "16,1,false",
    "16,3,true",
    "8,2,false",
    "8,4,true",
    "16,4,false"
  })
  void readsWhatTheJdkWrites(int depth, int bands, boolean interlaced) throws IOException {
    for (int[] size : new int[][] {{37, 29}, {1, 1}, {3, 9}, {5, 2}}) {
      BufferedImage image = image(size[0], size[1], depth, bands);
      try (FieldSource source = open(write(image, interlaced))) {
        assertThat(source.info().type()).isEqualTo(depth == 8 ? DataType.UINT8 : DataType.UINT16);
        assertHolds(source, image.getRaster(), bands < 3 ? 1 : 3);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8})
  void palettesBecomeColours(int bits) throws IOException {
    int colours = 1 << bits;
    byte[][] palette = new byte[3][colours];
    Random random = new Random(2);
    for (byte[] band : palette) {
      random.nextBytes(band);
    }
    IndexColorModel model = new IndexColorModel(bits, colours, palette[0], palette[1], palette[2]);
    int kind = bits == 8 ? BufferedImage.TYPE_BYTE_INDEXED : BufferedImage.TYPE_BYTE_BINARY;
    BufferedImage image = new BufferedImage(13, 7, kind, model);
    for (int i = 0; i < 91; i++) {
      image.getRaster().setSample(i % 13, i / 13, 0, i % colours);
    }
    try (FieldSource source = open(write(image, bits == 4))) {
      double[] values = Fields.values(source);
      assertThat(source.info().shape()).isEqualTo(Shape.of(3, 7, 13));
      for (int i = 0; i < 3 * 91; i++) {
        assertThat(values[i]).isEqualTo(palette[i / 91][i % 91 % colours] & 0xff);
      }
    }
  }

  /** A PNG file with one IDAT chunk over {@code rows}, which begin with their filter types. */
  private Path assemble(int width, int height, int depth, int color, byte[] rows, byte[] key)
      throws IOException {
    Path file = folder.resolve("assembled.png");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PngChunks.Output out =
        b -> {
          byte[] chunk = new byte[b.remaining()];
          b.get(chunk);
          bytes.write(chunk);
        };
    PngChunks.writeSignature(out);
    byte[] header = ByteBuffer.allocate(13).putInt(width).putInt(height).array();
    header[8] = (byte) depth;
    header[9] = (byte) color;
    PngChunks.writeTo(out, "IHDR", header, 13);
    if (key != null) {
      PngChunks.writeTo(out, "tRNS", key, key.length);
    }
    Deflater deflater = new Deflater();
    deflater.setInput(rows);
    deflater.finish();
    byte[] packed = new byte[rows.length + 100];
    int length = deflater.deflate(packed);
    deflater.end();
    PngChunks.writeTo(out, "IDAT", packed, length);
    PngChunks.writeTo(out, "IEND", new byte[0], 0);
    Files.write(file, bytes.toByteArray());
    return file;
  }

  @Test
  void narrowGreyIsSpreadOverEightBits() throws IOException {
    byte[] rows = {0, (byte) 0b00011011, (byte) 0b11000000};
    try (FieldSource source = open(assemble(5, 1, 2, 0, rows, null))) {
      assertThat(Fields.values(source)).containsExactly(0, 85, 170, 255, 255);
    }
    byte[] bits = {0, (byte) 0b10110000};
    try (FieldSource source = open(assemble(4, 1, 1, 0, bits, null))) {
      assertThat(Fields.values(source)).containsExactly(255, 0, 255, 255);
    }
    byte[] nibbles = {0, 0x1f};
    try (FieldSource source = open(assemble(2, 1, 4, 0, nibbles, null))) {
      assertThat(Fields.values(source)).containsExactly(17, 255);
    }
  }

  @Test
  void transparencyIsRefusedOnlyWhereItIsUsed() throws IOException {
    byte[] grey = {0, 10, 20, 30};
    assertThatThrownBy(() -> open(assemble(3, 1, 8, 0, grey, new byte[] {0, 20})))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("transparent");
    try (FieldSource source = open(assemble(3, 1, 8, 0, grey, new byte[] {0, 21}))) {
      assertThat(Fields.values(source)).containsExactly(10, 20, 30);
    }
    BufferedImage image = image(9, 9, 8, 4);
    image.getRaster().setSample(4, 4, 3, 254);
    Path file = write(image, false);
    assertThatThrownBy(() -> open(file)).isInstanceOf(TesseraException.Unsupported.class);
  }

  @ParameterizedTest
  @CsvSource({"UINT8,41x33", "UINT16,41x33", "UINT8,3x17x90", "UINT16,3x17x90"})
  void theJdkReadsWhatWeWrite(DataType type, String shape) throws IOException {
    FieldInfo info = FieldInfo.of("x", type, Shape.parse(shape));
    Field field = Fields.random(info, 8);
    Path file = folder.resolve("own.png");
    try (FieldSink sink = format.create(file, "", info)) {
      Fields.writeInTiles(sink, field, 16, 16);
      sink.commit();
    }
    Raster raster = ImageIO.read(file.toFile()).getRaster();
    try (FieldSource source = open(file)) {
      assertThat(Fields.readAll(source)).isEqualTo(Fields.bytes(field));
      assertHolds(source, raster, raster.getNumBands());
    }
  }

  @Test
  void textsComeBack() throws IOException {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("Title", "café");
    attributes.put("units", "µm → 10");
    attributes.put("empty", "");
    FieldInfo info =
        new FieldInfo("", DataType.UINT8, Shape.of(4, 5), OptionalLong.of(255), attributes);
    Path file = folder.resolve("x.png");
    try (FieldSink sink = format.create(file, "", info)) {
      Fields.writeInTiles(sink, Fields.random(info, 1), 9, 9);
      sink.commit();
    }
    try (FieldSource source = open(file)) {
      assertThat(source.info()).isEqualTo(info);
    }
  }

  @ParameterizedTest
  @CsvSource({"FLOAT32,4x5", "INT8,4x5", "UINT32,4x5", "UINT8,2x4x5", "UINT8,7", "UINT16,1x3x4x5"})
  void refusesWhatPngCannotHold(DataType type, String shape) {
    FieldInfo info = FieldInfo.of("x", type, Shape.parse(shape));
    assertThatThrownBy(() -> format.create(folder.resolve("x.png"), "", info))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("PNG holds u8 or u16");
  }

  @Test
  void refusesInnerNames() {
    assertThatThrownBy(() -> format.open(folder.resolve("x.png"), "1", OpenOptions.NONE))
        .isInstanceOf(TesseraException.Invalid.class);
  }

  @Test
  void aHeaderThatPromisesTooMuchIsCorruptBeforeAnythingIsAllocated() throws IOException {
    byte[] rows = {0, 1};
    Path file = assemble(Integer.MAX_VALUE, Integer.MAX_VALUE, 16, 2, rows, null);
    assertThatThrownBy(() -> open(file))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("promises");
    Path none = assemble(0, 5, 8, 0, rows, null);
    assertThatThrownBy(() -> open(none)).isInstanceOf(TesseraException.Corrupt.class);
    Path few = assemble(4, 4, 8, 0, rows, null);
    assertThatThrownBy(() -> open(few))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("cut off");
  }

  @ParameterizedTest
  @ValueSource(strings = {"kodim01", "kodim04", "kodim12"})
  void readsTheKodakSet(String name) throws IOException {
    Path file = TestData.shared("data/real/kodak/" + name + ".png");
    Raster raster = ImageIO.read(file.toFile()).getRaster();
    try (FieldSource source = open(file)) {
      assertThat(source.info().shape())
          .isEqualTo(Shape.of(3, raster.getHeight(), raster.getWidth()));
      byte[] values = Fields.readAll(source);
      int plane = raster.getWidth() * raster.getHeight();
      int[] samples = new int[plane];
      for (int band = 0; band < 3; band++) {
        raster.getSamples(0, 0, raster.getWidth(), raster.getHeight(), band, samples);
        for (int i = 0; i < plane; i++) {
          if (samples[i] != (values[band * plane + i] & 0xff)) {
            assertThat(values[band * plane + i] & 0xff).as("pixel " + i).isEqualTo(samples[i]);
          }
        }
      }
    }
  }

  @Test
  void closingTwiceIsAllowed() throws IOException {
    FieldSource source = open(write(image(5, 5, 8, 1), false));
    source.close();
    source.close();
  }

  @Test
  void refusesGarbage() throws IOException {
    Fields.assertRefusesGarbage(format, folder.resolve("garbage.png"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void survivesDamage(boolean interlaced) throws IOException {
    Path file = write(image(37, 29, 8, 3), interlaced);
    Path scratch = folder.resolve("damaged.png");
    Fields.assertSurvivesDamage(format, file, "", scratch, 5 * DAMAGED_COPIES);
  }

  @Test
  void boxesOutsideTheImageAreTheCallersMistake() throws IOException {
    try (FieldSource source = open(write(image(5, 5, 8, 1), false))) {
      MemorySegment target = MemorySegment.ofArray(new byte[100]);
      assertThatThrownBy(() -> source.read(0, 0, 6, 0, 5, target))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }
}
