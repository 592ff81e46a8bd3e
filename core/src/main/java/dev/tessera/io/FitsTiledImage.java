package dev.tessera.io;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import nom.tam.fits.BasicHDU;
import nom.tam.fits.Fits;
import nom.tam.fits.FitsException;
import nom.tam.fits.HeaderCard;
import nom.tam.image.compression.hdu.CompressedImageHDU;
import nom.tam.util.Cursor;

/**
 * Images stored in compressed tiles (FITS Standard 4.0, section 10; what {@code fpack} makes). The
 * library decompresses whole images only, so it is done once, in memory, and the values then wait
 * in a temporary file to be read box by box.
 */
final class FitsTiledImage {
  /** The library logs every damaged tile with its bytes; what is wrong is told by an exception. */
  private static final Logger LIBRARY_LOG = Logger.getLogger("nom.tam");

  static {
    LIBRARY_LOG.setLevel(Level.OFF);
  }

  /** The image, the library's working space, and the tables of compressed bytes. */
  private static final int MEMORY_FACTOR = 4;

  private FitsTiledImage() {}

  static FieldSource open(FitsHdu unit, OpenOptions options) throws IOException {
    try (Fits fits = new Fits(unit.file().toFile())) {
      BasicHDU<?> table = fits.getHDU(unit.index());
      if (!(table instanceof CompressedImageHDU compressed)) {
        throw new TesseraException.Corrupt(
            "HDU "
                + unit.index()
                + " of '"
                + unit.file()
                + "' is not a compressed image, although "
                + "it says so",
            -1);
      }
      FitsHdu image = imageHeader(unit, compressed);
      FieldInfo info =
          FillValues.override(FitsFormat.describe(image, FitsCards::isCompression), options);
      checkTiles(unit, image);
      if (!isQuantized(unit)) {
        // The library would otherwise scale lossless values by factors that are not there.
        compressed.getHeader().deleteKey("ZQUANTIZ");
        compressed.getHeader().deleteKey("ZDITHER0");
      }
      PendingFile spool = PendingFile.scratch();
      try {
        if (write(compressed.asImageHDU().getKernel(), spool, 0) != info.bytes()) {
          throw corruptTiles(unit);
        }
        return MappedSource.temporary(spool, info, FitsFormat.elements(image));
      } catch (IOException | RuntimeException | Error e) {
        spool.close();
        throw e;
      }
    } catch (TesseraException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) {
      // Damaged tiles surface as exceptions of every kind.
      throw new TesseraException.Corrupt(
          "the compressed image in HDU "
              + unit.index()
              + " of '"
              + unit.file()
              + "' cannot be decompressed ("
              + e.getMessage()
              + ")",
          -1,
          e);
    }
  }

  /** The header that the image would have if it were not compressed. */
  private static FitsHdu imageHeader(FitsHdu unit, CompressedImageHDU compressed)
      throws FitsException {
    List<String> cards = new ArrayList<>();
    Cursor<String, HeaderCard> cursor = compressed.getImageHeader().iterator();
    while (cursor.hasNext()) {
      String text = cursor.next().toString();
      for (int i = 0; i + FitsHdu.CARD <= text.length(); i += FitsHdu.CARD) {
        cards.add(text.substring(i, i + FitsHdu.CARD));
      }
    }
    return new FitsHdu(unit.file(), unit.index(), cards, unit.dataOffset());
  }

  /** Whether the values are scaled integers, by one factor for all or one for each tile. */
  private static boolean isQuantized(FitsHdu unit) {
    boolean column = false;
    for (long i = 1; i <= Math.min(999, unit.integer("TFIELDS", 0)); i++) {
      column |= unit.string("TTYPE" + i, "").equals("ZSCALE");
    }
    return column || unit.has("ZSCALE");
  }

  /** A table has a row for each tile: what the header promises cannot be far from what is there. */
  private static void checkTiles(FitsHdu unit, FitsHdu image) {
    long[] axes = image.axes();
    double tiles = 1;
    double values = 1;
    for (int i = 0; i < axes.length; i++) {
      long tile = unit.integer("ZTILE" + (i + 1), i == 0 ? axes[0] : 1);
      if (tile < 1 || axes[i] < 1) {
        throw corruptTiles(unit);
      }
      if (i >= 2 && tile > 1) {
        throw new TesseraException.Unsupported(
            "the compressed image in HDU "
                + unit.index()
                + " of '"
                + unit.file()
                + "' has tiles of more than two axes, which cannot be read: run funpack on it"
                + " first");
      }
      tiles *= Math.ceilDiv(axes[i], tile);
      values *= axes[i];
    }
    if (tiles != unit.integer("NAXIS2")) {
      throw corruptTiles(unit);
    }
    double bytes = values * Math.abs(image.bitpix()) / 8;
    if (bytes * MEMORY_FACTOR > Runtime.getRuntime().maxMemory() || values > Integer.MAX_VALUE) {
      throw new TesseraException.Unsupported(
          "the compressed image in HDU "
              + unit.index()
              + " of '"
              + unit.file()
              + "' has "
              + image.dataBytes()
              + " bytes, too many for the memory: run funpack on it first, or "
              + "raise -Xmx");
    }
  }

  private static TesseraException.Corrupt corruptTiles(FitsHdu unit) {
    return new TesseraException.Corrupt(
        "the tiles of the compressed image in HDU "
            + unit.index()
            + " of '"
            + unit.file()
            + "' do not cover it",
        -1);
  }

  /** Writes the rows of nested arrays one after the other; returns where the next one begins. */
  private static long write(Object values, PendingFile spool, long at) throws IOException {
    if (!(values instanceof Object[] parts)) {
      ByteBuffer row = bigEndian(values);
      int bytes = row.remaining();
      spool.write(row, at);
      return at + bytes;
    }
    long next = at;
    for (Object part : parts) {
      next = write(part, spool, next);
    }
    return next;
  }

  private static ByteBuffer bigEndian(Object values) {
    ByteBuffer bytes;
    switch (values) {
      case byte[] v -> bytes = ByteBuffer.wrap(v);
      case short[] v -> (bytes = ByteBuffer.allocate(2 * v.length)).asShortBuffer().put(v);
      case int[] v -> (bytes = ByteBuffer.allocate(4 * v.length)).asIntBuffer().put(v);
      case long[] v -> (bytes = ByteBuffer.allocate(8 * v.length)).asLongBuffer().put(v);
      case float[] v -> (bytes = ByteBuffer.allocate(4 * v.length)).asFloatBuffer().put(v);
      case double[] v -> (bytes = ByteBuffer.allocate(8 * v.length)).asDoubleBuffer().put(v);
      default -> throw new IllegalArgumentException("tiles of " + values.getClass());
    }
    return bytes;
  }
}
