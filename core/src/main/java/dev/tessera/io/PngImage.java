package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * The pixels of a PNG image as planes: {@code planes × height × width} samples of {@code type},
 * little-endian. Decoding takes every colour type and depth, interlaced or not, and delivers grey
 * or RGB without alpha; encoding writes grey and RGB of 8 or 16 bits, not interlaced. Follows the
 * PNG specification, third edition.
 */
final class PngImage {
  private static final int GREY = 0;
  private static final int RGB = 2;
  private static final int PALETTE = 3;
  private static final int GREY_ALPHA = 4;
  private static final int RGB_ALPHA = 6;

  /** Start and step in x and y of the seven passes of an interlaced image (Adam7). */
  private static final int[][] ADAM7 = {
    {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
  };

  private static final int[][] WHOLE = {{0, 0, 1, 1}};

  /** Deflate cannot shrink anything by more than this. */
  private static final long MAX_DEFLATE_RATIO = 1032;

  /** What the header chunk says: extents in pixels, bits per sample, colour type. */
  record Header(int width, int height, int depth, int color, boolean interlaced) {
    static Header parse(byte[] data) {
      if (data == null || data.length != 13) {
        throw new TesseraException.Corrupt("the PNG file has no valid header chunk", -1);
      }
      ByteBuffer buffer = ByteBuffer.wrap(data);
      Header header =
          new Header(buffer.getInt(), buffer.getInt(), buffer.get(), buffer.get(), data[12] == 1);
      boolean depthFits =
          switch (header.color) {
            case GREY -> isOneOf(header.depth, 1, 2, 4, 8, 16);
            case PALETTE -> isOneOf(header.depth, 1, 2, 4, 8);
            case RGB, GREY_ALPHA, RGB_ALPHA -> isOneOf(header.depth, 8, 16);
            default -> false;
          };
      boolean methodsKnown = data[10] == 0 && data[11] == 0 && (data[12] == 0 || data[12] == 1);
      if (header.width < 1 || header.height < 1 || !depthFits || !methodsKnown) {
        throw new TesseraException.Corrupt(
            "the PNG header holds impossible values: "
                + header.width
                + "x"
                + header.height
                + " pixels, depth "
                + header.depth
                + ", colour type "
                + header.color,
            16);
      }
      return header;
    }

    private static boolean isOneOf(int value, int... allowed) {
      for (int candidate : allowed) {
        if (value == candidate) {
          return true;
        }
      }
      return false;
    }

    /** Samples of a pixel as they are stored. */
    int samples() {
      return switch (color) {
        case RGB -> 3;
        case GREY_ALPHA -> 2;
        case RGB_ALPHA -> 4;
        default -> 1;
      };
    }

    /** Planes that decoding delivers: 1 for grey, 3 for colour. */
    int planes() {
      return color == GREY || color == GREY_ALPHA ? 1 : 3;
    }

    DataType type() {
      return depth == 16 ? DataType.UINT16 : DataType.UINT8;
    }

    /**
     * Bytes of all decoded planes; at most 6·2^62, which overflows only for sizes refused before.
     */
    long decodedBytes() {
      return Math.multiplyExact((long) width * height, (long) planes() * type().bytes());
    }

    private long rowBytes(long pixels) {
      return (pixels * samples() * depth + 7) / 8;
    }

    /**
     * @throws TesseraException.Corrupt if {@code compressed} bytes cannot hold the pixels
     */
    void checkPlausible(long compressed) {
      double promised = (double) rowBytes(width) * height;
      if (promised > (double) MAX_DEFLATE_RATIO * (compressed + 16)) {
        throw new TesseraException.Corrupt(
            "the PNG header promises "
                + width
                + "x"
                + height
                + " pixels, far more than its "
                + compressed
                + " bytes of image data can hold",
            16);
      }
      if (rowBytes(width) > Integer.MAX_VALUE - 64) {
        throw new TesseraException.Unsupported(
            "a PNG image of " + width + " pixels a row is too wide: split it");
      }
    }
  }

  private final Header header;
  private final byte[] palette;
  private final byte[] transparency;
  private final MemorySegment target;
  private final long planeSize;

  private PngImage(Header header, PngChunks chunks, MemorySegment target) {
    this.header = header;
    this.palette = header.color == PALETTE ? chunks.first("PLTE") : null;
    this.transparency = chunks.first("tRNS");
    this.target = target;
    this.planeSize = (long) header.width * header.height;
    if (header.color == PALETTE && (palette == null || palette.length % 3 != 0)) {
      throw new TesseraException.Corrupt("the PNG image has no valid palette", -1);
    }
  }

  /**
   * Decodes all pixels.
   *
   * @param target receives {@code header.decodedBytes()} bytes
   * @throws TesseraException.Unsupported if a pixel is not opaque
   * @throws TesseraException.Corrupt if the image data ends early or is damaged
   */
  static void decode(Header header, PngChunks chunks, MemorySegment target) throws IOException {
    Inflater inflater = new Inflater();
    try (InputStream rows = new InflaterInputStream(chunks.imageData(), inflater, 1 << 16)) {
      new PngImage(header, chunks, target).decodePasses(rows);
    } catch (EOFException | ZipException e) {
      throw new TesseraException.Corrupt("the PNG image data is cut off or damaged", -1, e);
    } finally {
      inflater.end();
    }
  }

  private void decodePasses(InputStream rows) throws IOException {
    int step = Math.max(1, header.samples() * header.depth / 8);
    byte[] row = new byte[(int) header.rowBytes(header.width)];
    byte[] above = new byte[row.length];
    for (int[] pass : header.interlaced ? ADAM7 : WHOLE) {
      long width = Math.ceilDiv((long) header.width - pass[0], pass[2]);
      long height = Math.ceilDiv((long) header.height - pass[1], pass[3]);
      if (width <= 0 || height <= 0) {
        continue;
      }
      int length = (int) header.rowBytes(width);
      Arrays.fill(above, (byte) 0);
      for (long y = 0; y < height; y++) {
        int filter = rows.read();
        if (filter < 0 || rows.readNBytes(row, 0, length) < length) {
          throw new EOFException();
        }
        PngFilters.unfilter(filter, row, above, length, step);
        storeRow(row, width, (pass[1] + y * pass[3]) * header.width + pass[0], pass[2]);
        byte[] swap = above;
        above = row;
        row = swap;
      }
    }
  }

  /** Stores one row of a pass; pixel x goes to {@code first + x · stride} of each plane. */
  private void storeRow(byte[] row, long width, long first, int stride) {
    int samples = header.samples();
    int planes = header.planes();
    int opaque = (1 << header.depth) - 1;
    for (int x = 0; x < width; x++) {
      long at = first + (long) x * stride;
      if (header.color == PALETTE) {
        storePaletteEntry(sample(row, x), at);
        continue;
      }
      boolean matchesKey = transparency != null && transparency.length >= 2 * planes;
      for (int s = 0; s < planes; s++) {
        int value = sample(row, (long) x * samples + s);
        matchesKey = matchesKey && value == (key(s) & opaque);
        store(s * planeSize + at, value);
      }
      boolean hasAlpha = samples > planes;
      if (hasAlpha ? sample(row, (long) x * samples + planes) != opaque : matchesKey) {
        throw transparent();
      }
    }
  }

  private int key(int plane) {
    return (transparency[2 * plane] & 0xff) << 8 | transparency[2 * plane + 1] & 0xff;
  }

  private void storePaletteEntry(int index, long at) {
    if (3 * index >= palette.length) {
      throw new TesseraException.Corrupt(
          "the PNG image uses colour " + index + " of a palette of " + palette.length / 3, -1);
    }
    if (transparency != null && index < transparency.length && transparency[index] != -1) {
      throw transparent();
    }
    for (int s = 0; s < 3; s++) {
      target.set(ValueLayout.JAVA_BYTE, s * planeSize + at, palette[3 * index + s]);
    }
  }

  private static TesseraException transparent() {
    return new TesseraException.Unsupported(
        "the PNG image has transparent pixels, which have no place in a field: flatten it first");
  }

  private int sample(byte[] row, long index) {
    int depth = header.depth;
    if (depth == 16) {
      int at = (int) (2 * index);
      return (row[at] & 0xff) << 8 | row[at + 1] & 0xff;
    }
    if (depth == 8) {
      return row[(int) index] & 0xff;
    }
    long bit = index * depth;
    return (row[(int) (bit >>> 3)] & 0xff) >>> 8 - depth - (int) (bit & 7) & (1 << depth) - 1;
  }

  /** Grey of fewer than 8 bits is spread over 0..255, as the specification asks (clause 13.12). */
  private void store(long index, int value) {
    if (header.depth == 16) {
      target.set(DataType.LE_SHORT, index * 2, (short) value);
    } else {
      int scale = 255 / ((1 << header.depth) - 1);
      target.set(ValueLayout.JAVA_BYTE, index, (byte) (value * scale));
    }
  }

  /** Writes further chunks. */
  @FunctionalInterface
  interface Chunks {
    void write() throws IOException;
  }

  /**
   * Writes header and image data chunks.
   *
   * @param between writes the chunks that stand between the two
   * @param planes 1 for grey, 3 for RGB
   * @param source {@code planes × height × width} samples of {@code type}
   */
  static void encode(
      PngChunks.Output output,
      DataType type,
      int planes,
      int height,
      int width,
      MemorySegment source,
      Chunks between)
      throws IOException {
    int depth = 8 * type.bytes();
    ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
    header.put((byte) depth).put((byte) (planes == 1 ? GREY : RGB));
    PngChunks.writeTo(output, "IHDR", header.array(), 13);
    between.write();
    int step = planes * type.bytes();
    int length = width * step;
    byte[] row = new byte[length];
    byte[] above = new byte[length];
    byte[] filtered = new byte[length];
    byte[] scratch = new byte[length];
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION);
    try (DeflaterOutputStream image =
        new DeflaterOutputStream(new ImageDataStream(output), deflater, 1 << 16)) {
      for (int y = 0; y < height; y++) {
        loadRow(type, planes, (long) height * width, (long) y * width, width, source, row);
        image.write(PngFilters.filterBest(row, above, filtered, scratch, length, step));
        image.write(filtered, 0, length);
        byte[] swap = above;
        above = row;
        row = swap;
      }
    } finally {
      deflater.end();
    }
  }

  private static void loadRow(
      DataType type,
      int planes,
      long planeSize,
      long first,
      int width,
      MemorySegment source,
      byte[] row) {
    int at = 0;
    for (int x = 0; x < width; x++) {
      for (int s = 0; s < planes; s++) {
        long value = type.getBits(source, s * planeSize + first + x);
        if (type.bytes() == 2) {
          row[at++] = (byte) (value >>> 8);
        }
        row[at++] = (byte) value;
      }
    }
  }

  /** Collects compressed bytes into IDAT chunks of 1 MiB. */
  private static final class ImageDataStream extends OutputStream {
    private final PngChunks.Output output;
    private final byte[] chunk = new byte[1 << 20];
    private int filled;

    ImageDataStream(PngChunks.Output output) {
      this.output = output;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      for (int done = 0; done < length; ) {
        int count = Math.min(length - done, chunk.length - filled);
        System.arraycopy(bytes, offset + done, chunk, filled, count);
        done += count;
        filled += count;
        if (filled == chunk.length) {
          emit();
        }
      }
    }

    private void emit() throws IOException {
      PngChunks.writeTo(output, "IDAT", chunk, filled);
      filled = 0;
    }

    @Override
    public void close() throws IOException {
      if (filled > 0) {
        emit();
      }
    }
  }
}
