package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * PNG images of 8 or 16 bits: grey is a field of {@code H×W}, colour one of {@code 3×H×W}. Palettes
 * become RGB, grey of 1, 2 or 4 bits becomes 8; images with transparent pixels are refused. Text
 * chunks are the attributes. An image is decoded as a whole, in memory.
 */
final class PngFormat implements FieldFormat {
  private static final int MAX_KEYWORD = 79;
  private static final String FILL_KEYWORD = "_FillValue";

  @Override
  public String name() {
    return "PNG";
  }

  @Override
  public List<String> extensions() {
    return List.of("png");
  }

  @Override
  public boolean recognizes(byte[] head) {
    return PngChunks.hasSignature(head);
  }

  @Override
  public FieldSource open(Path file, String inner, OpenOptions options) throws IOException {
    refuseInner(inner);
    try (Arena arena = Arena.ofShared();
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      PngChunks chunks =
          new PngChunks(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
      PngImage.Header header = PngImage.Header.parse(chunks.first("IHDR"));
      header.checkPlausible(chunks.imageBytes());
      FieldInfo info = info(header, chunks, options);
      return decode(info, header, chunks);
    }
  }

  /** The decoded image outlives the mapping of its file, so it has a memory of its own. */
  private static FieldSource decode(FieldInfo info, PngImage.Header header, PngChunks chunks)
      throws IOException {
    long budget = Runtime.getRuntime().maxMemory() / 2;
    if (info.bytes() > budget) {
      throw new TesseraException.Unsupported(
          "the PNG image needs "
              + info.bytes()
              + " bytes of memory, more than the "
              + budget
              + " allowed here: give Java a larger -Xmx or convert the image to TIFF");
    }
    Arena arena = Arena.ofShared();
    try {
      MemorySegment pixels = arena.allocate(info.bytes());
      PngImage.decode(header, chunks, pixels);
      return new DecodedImage(new Field(info, pixels), arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private record DecodedImage(Field field, Arena arena) implements FieldSource {
    @Override
    public FieldInfo info() {
      return field.info();
    }

    @Override
    public void read(long slice, long row, long rows, long col, long cols, MemorySegment target) {
      field.read(slice, row, rows, col, cols, target);
    }

    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }

  private static FieldInfo info(PngImage.Header header, PngChunks chunks, OpenOptions options) {
    Shape shape =
        header.planes() == 1
            ? Shape.of(header.height(), header.width())
            : Shape.of(header.planes(), header.height(), header.width());
    Map<String, String> attributes = texts(chunks);
    String fill = attributes.remove(FILL_KEYWORD);
    FieldInfo info = new FieldInfo("", header.type(), shape, OptionalLong.empty(), attributes);
    if (options.fill().isPresent()) {
      return info.withFill(options.fill().getAsDouble());
    }
    try {
      return fill == null ? info : info.withFill(Double.parseDouble(fill));
    } catch (NumberFormatException e) {
      return info; // somebody else's text under our keyword
    }
  }

  private static void refuseInner(String inner) {
    if (!inner.isEmpty()) {
      throw new TesseraException.Invalid(
          "a PNG file holds a single image: leave out ':" + inner + "'");
    }
  }

  @Override
  public FieldSink create(Path file, String inner, FieldInfo info) throws IOException {
    refuseInner(inner);
    DataType type = info.type();
    Shape shape = info.shape();
    boolean shapeFits = shape.rank() == 2 || shape.rank() == 3 && shape.dim(0) == 3;
    if (type != DataType.UINT8 && type != DataType.UINT16 || !shapeFits) {
      throw new TesseraException.Unsupported(
          "PNG holds u8 or u16 images of HxW or 3xHxW, not "
              + type.code()
              + " of "
              + (shape.rank() == 0 ? "a single value" : shape)
              + ": write TIFF, HDF5, FITS, .npy or raw instead");
    }
    int planes = shape.rank() == 2 ? 1 : 3;
    long limit = (Integer.MAX_VALUE - 64) / ((long) planes * type.bytes());
    if (shape.height() > Integer.MAX_VALUE || shape.width() > limit) {
      throw new TesseraException.Unsupported(
          "an image of " + shape + " is too large for PNG: write TIFF instead");
    }
    return SpoolingSink.create(file, info, field -> write(file, field, planes));
  }

  private static void write(Path file, Field field, int planes) throws IOException {
    FieldInfo info = field.info();
    try (PendingFile pending = PendingFile.create(file)) {
      PngChunks.Output output = bytes -> pending.write(bytes, pending.channel().size());
      PngChunks.writeSignature(output);
      MemorySegment pixels = field.data();
      int height = (int) info.shape().height();
      int width = (int) info.shape().width();
      PngImage.encode(
          output, info.type(), planes, height, width, pixels, () -> writeTexts(output, info));
      PngChunks.writeTo(output, "IEND", new byte[0], 0);
      pending.commit();
    }
  }

  /** Keyword and text of every readable {@code tEXt} and uncompressed {@code iTXt} chunk. */
  private static Map<String, String> texts(PngChunks chunks) {
    Map<String, String> texts = new LinkedHashMap<>();
    for (PngChunks.Chunk chunk : chunks.all()) {
      boolean international = chunk.type().equals("iTXt");
      if (!international && !chunk.type().equals("tEXt")) {
        continue;
      }
      byte[] data = chunks.data(chunk);
      int end = indexOfZero(data, 0);
      if (end < 1) {
        continue;
      }
      String keyword = new String(data, 0, end, StandardCharsets.ISO_8859_1);
      int start = end + 1;
      if (international) {
        // compression flag, compression method, language, translated keyword
        if (data.length < end + 3 || data[end + 1] != 0) {
          continue;
        }
        start = indexOfZero(data, indexOfZero(data, end + 3) + 1) + 1;
      }
      var charset = international ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1;
      texts.putIfAbsent(keyword, new String(data, start, data.length - start, charset));
    }
    return texts;
  }

  /** Index of the next zero byte, or the last index if there is none. */
  private static int indexOfZero(byte[] data, int from) {
    for (int i = from; i < data.length; i++) {
      if (data[i] == 0) {
        return i;
      }
    }
    return data.length - 1;
  }

  private static void writeTexts(PngChunks.Output output, FieldInfo info) throws IOException {
    Map<String, String> texts = new LinkedHashMap<>(info.attributes());
    if (info.fill().isPresent()) {
      texts.put(FILL_KEYWORD, Long.toString(info.fill().get().longValue()));
    }
    for (Map.Entry<String, String> text : texts.entrySet()) {
      byte[] keyword = keyword(text.getKey()).getBytes(StandardCharsets.ISO_8859_1);
      if (keyword.length == 0) {
        continue;
      }
      boolean plain = StandardCharsets.ISO_8859_1.newEncoder().canEncode(text.getValue());
      var charset = plain ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8;
      byte[] value = text.getValue().replace("\0", "").getBytes(charset);
      byte[] data = new byte[keyword.length + (plain ? 1 : 5) + value.length];
      System.arraycopy(keyword, 0, data, 0, keyword.length);
      System.arraycopy(value, 0, data, data.length - value.length, value.length);
      PngChunks.writeTo(output, plain ? "tEXt" : "iTXt", data, data.length);
    }
  }

  /** A keyword is 1 to 79 printable Latin-1 characters without spaces around it. */
  private static String keyword(String key) {
    String printable = key.replaceAll("[^\\x21-\\x7e\\xa1-\\xff]+", " ").strip();
    return printable.substring(0, Math.min(MAX_KEYWORD, printable.length())).strip();
  }
}
