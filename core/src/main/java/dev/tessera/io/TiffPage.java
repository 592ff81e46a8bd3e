package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * One image of a TIFF file: extents, sample type and where its blocks (strips or tiles) lie (TIFF
 * 6.0, sections 8 and 15). A strip is a block as wide as the image.
 *
 * @param samples samples of a pixel
 * @param bits bits of a sample as stored
 * @param elements how samples of whole bytes are stored, and what they are read as
 * @param planar whether each sample has blocks of its own instead of being interleaved
 * @param offsets position of each block in the file: row by row, for planar images plane by plane
 * @param counts packed bytes of each block
 */
record TiffPage(
    long width,
    long height,
    int samples,
    int bits,
    StoredElements elements,
    boolean planar,
    long compression,
    int predictor,
    long blockWidth,
    long blockHeight,
    boolean tiled,
    long[] offsets,
    long[] counts) {

  static final int IMAGE_WIDTH = 256;
  static final int IMAGE_LENGTH = 257;
  static final int BITS_PER_SAMPLE = 258;
  static final int COMPRESSION = 259;
  static final int PHOTOMETRIC = 262;
  static final int STRIP_OFFSETS = 273;
  static final int SAMPLES_PER_PIXEL = 277;
  static final int ROWS_PER_STRIP = 278;
  static final int STRIP_BYTE_COUNTS = 279;
  static final int SAMPLE_FORMAT = 339;
  private static final int FILL_ORDER = 266;
  private static final int PLANAR_CONFIGURATION = 284;
  private static final int PREDICTOR = 317;
  private static final int TILE_WIDTH = 322;
  private static final int TILE_LENGTH = 323;
  private static final int TILE_OFFSETS = 324;
  private static final int TILE_BYTE_COUNTS = 325;

  private static final int YCBCR = 6;
  private static final int UNSIGNED = 1;
  private static final int SIGNED = 2;
  private static final int FLOAT = 3;
  private static final int UNDEFINED = 4;

  /**
   * The image of a directory.
   *
   * @param fileBytes size of the file, against which everything is checked
   * @throws TesseraException.Unsupported if its samples or compression have no place in a field
   * @throws TesseraException.Corrupt if its blocks do not lie in the file
   */
  static TiffPage of(TiffDirectory directory, long fileBytes) {
    long width = directory.integer(IMAGE_WIDTH, 0);
    long height = directory.integer(IMAGE_LENGTH, 0);
    long samples = directory.integer(SAMPLES_PER_PIXEL, 1);
    boolean tiled = directory.has(TILE_WIDTH);
    long blockWidth = tiled ? directory.integer(TILE_WIDTH, 0) : width;
    long blockHeight =
        tiled
            ? directory.integer(TILE_LENGTH, 0)
            : Math.min(height, directory.integer(ROWS_PER_STRIP, height));
    if (!isExtent(width)
        || !isExtent(height)
        || !isExtent(blockWidth)
        || !isExtent(blockHeight)
        || samples < 1
        || samples > 0xffff) {
      throw new TesseraException.Corrupt(
          "a TIFF directory describes an impossible image of "
              + width
              + "x"
              + height
              + "x"
              + samples
              + " in blocks of "
              + blockWidth
              + "x"
              + blockHeight,
          -1);
    }
    int bits = bits(directory);
    boolean planar = directory.integer(PLANAR_CONFIGURATION, 1) == 2 && samples > 1;
    long compression = directory.integer(COMPRESSION, TiffCompression.NONE);
    TiffCompression.check(compression);
    if (directory.integer(PHOTOMETRIC, 1) == YCBCR) {
      throw new TesseraException.Unsupported(
          "TIFF images in YCbCr colours are not read here: save the file as RGB or grey");
    }
    TiffPage page =
        new TiffPage(
            width,
            height,
            (int) samples,
            bits,
            elements(bits, directory),
            planar,
            compression,
            (int) directory.integer(PREDICTOR, 1),
            blockWidth,
            blockHeight,
            tiled,
            directory.integers(tiled ? TILE_OFFSETS : STRIP_OFFSETS),
            directory.integers(tiled ? TILE_BYTE_COUNTS : STRIP_BYTE_COUNTS));
    if (bits % 8 != 0 && directory.integer(FILL_ORDER, 1) != 1) {
      throw new TesseraException.Unsupported(
          "TIFF samples of "
              + bits
              + " bits in reversed bit order are not read here: save the file"
              + " with 8 or 16 bits");
    }
    return page.checked(fileBytes);
  }

  private static boolean isExtent(long value) {
    return value >= 1 && value <= 0xffff_ffffL;
  }

  private static int bits(TiffDirectory directory) {
    long[] bits = directory.integers(BITS_PER_SAMPLE);
    if (bits.length == 0) {
      return 1;
    }
    if (Arrays.stream(bits).distinct().count() != 1) {
      throw new TesseraException.Unsupported(
          "the samples of a TIFF pixel differ in size: save the file with one sample type");
    }
    return (int) Math.clamp(bits[0], 0, 1 << 16);
  }

  private static StoredElements elements(int bits, TiffDirectory directory) {
    long format = directory.integer(SAMPLE_FORMAT, UNSIGNED);
    ByteOrder order = directory.order();
    if (format == FLOAT && bits == 16) {
      return new StoredElements(DataType.FLOAT32, order, StoredElements.Form.HALF);
    }
    DataType type = null;
    if (format == UNSIGNED || format == UNDEFINED) {
      type =
          bits < 1 || bits > 32
              ? null
              : bits <= 8 ? DataType.UINT8 : bits <= 16 ? DataType.UINT16 : DataType.UINT32;
    } else if (format == SIGNED) {
      type =
          switch (bits) {
            case 8 -> DataType.INT8;
            case 16 -> DataType.INT16;
            case 32 -> DataType.INT32;
            case 64 -> DataType.INT64;
            default -> null;
          };
    } else if (format == FLOAT) {
      type = bits == 32 ? DataType.FLOAT32 : bits == 64 ? DataType.FLOAT64 : null;
    }
    if (type == null) {
      String kind =
          switch ((int) format) {
            case UNSIGNED, UNDEFINED -> "unsigned integers";
            case SIGNED -> "signed integers";
            case FLOAT -> "floats";
            case 5, 6 -> "complex numbers";
            default -> "values of format " + format;
          };
      throw new TesseraException.Unsupported(
          "TIFF samples that are "
              + kind
              + " of "
              + bits
              + " bits are not read here: save the file"
              + " with integers of 8, 16 or 32 bits or floats of 32 or 64");
    }
    return StoredElements.plain(type, order);
  }

  private TiffPage checked(long fileBytes) {
    // Each factor is below 2^32 and 2^16; a product beyond 2^63 is far more than any file lists.
    double needed = (double) blocksAcross() * blocksDown() * (planar ? samples : 1);
    long blocks = (long) needed;
    long[] sizes = counts;
    if (counts.length == 0 && compression == TiffCompression.NONE) {
      // Old writers leave the counts out; without compression they are known.
      sizes = new long[offsets.length];
      for (int i = 0; i < sizes.length; i++) {
        sizes[i] = blockBytes(i);
      }
    }
    if (offsets.length < blocks || sizes.length < blocks) {
      throw new TesseraException.Corrupt(
          "a TIFF image of "
              + width
              + "x"
              + height
              + " needs "
              + blocks
              + " strips or tiles, but "
              + Math.min(offsets.length, sizes.length)
              + " are listed",
          -1);
    }
    if (predictor < 1
        || predictor > 3
        || predictor == 3 && !elements.type().isFloat()
        || predictor > 1 && bits % 8 != 0) {
      throw new TesseraException.Unsupported(
          "TIFF predictor "
              + predictor
              + " of "
              + bits
              + "-bit samples is not read here: save the"
              + " file without predictor");
    }
    for (int i = 0; i < blocks; i++) {
      checkBlock(i, offsets[i], sizes[i], fileBytes);
    }
    return sizes == counts ? this : withBlocks(offsets, sizes);
  }

  private void checkBlock(int block, long offset, long count, long fileBytes) {
    // A block of no bytes is how sparse files leave one out; it reads as zero.
    if (count == 0 && offset == 0) {
      return;
    }
    if (offset < 0 || count < 0 || count > fileBytes || offset > fileBytes - count) {
      throw new TesseraException.Corrupt(
          "the TIFF file is cut off: a strip or tile of "
              + Long.toUnsignedString(count)
              + " bytes lies beyond its end",
          Math.max(-1, offset));
    }
    long expected = blockBytes(block);
    if ((double) count * TiffCompression.maxRatio(compression) < expected) {
      throw new TesseraException.Corrupt(
          "a TIFF strip or tile of " + expected + " bytes cannot be held by " + count, offset);
    }
  }

  private TiffPage withBlocks(long[] newOffsets, long[] newCounts) {
    return new TiffPage(
        width,
        height,
        samples,
        bits,
        elements,
        planar,
        compression,
        predictor,
        blockWidth,
        blockHeight,
        tiled,
        newOffsets,
        newCounts);
  }

  /** The page whose data lie {@code distance} bytes behind this one's. */
  TiffPage shifted(long distance) {
    return withBlocks(Arrays.stream(offsets).map(o -> o + distance).toArray(), counts);
  }

  /** Whether shape and type are those of another page, so that both fit into one field. */
  boolean isLike(TiffPage other) {
    return width == other.width
        && height == other.height
        && samples == other.samples
        && elements.type() == other.elements.type();
  }

  long blocksAcross() {
    return Math.ceilDiv(width, blockWidth);
  }

  long blocksDown() {
    return Math.ceilDiv(height, blockHeight);
  }

  /** Samples that stand side by side in a block. */
  int interleaved() {
    return planar ? 1 : samples;
  }

  /** Bytes of one row of a block, unpacked. */
  long rowBytes() {
    try {
      return Math.ceilDiv(Math.multiplyExact(blockWidth * interleaved(), (long) bits), 8L);
    } catch (ArithmeticException e) {
      throw new TesseraException.Corrupt("a TIFF row has more than 2^63 bits", -1);
    }
  }

  /** Bytes of a block, unpacked; the last strip of an image may be shorter than the others. */
  long blockBytes(long block) {
    long blockRow = block / blocksAcross() % blocksDown();
    long rows = tiled ? blockHeight : Math.min(blockHeight, height - blockRow * blockHeight);
    try {
      return Math.multiplyExact(rowBytes(), rows);
    } catch (ArithmeticException e) {
      throw new TesseraException.Corrupt("a TIFF strip or tile has more than 2^63 bytes", -1);
    }
  }
}
