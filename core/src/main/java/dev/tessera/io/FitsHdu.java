package dev.tessera.io;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import nom.tam.fits.HeaderCard;

/**
 * One header and data unit of a FITS file (FITS Standard 4.0, section 3).
 *
 * @param index its number, 0 for the primary one
 * @param cards the header's cards as they stand, 80 characters each, without END
 * @param dataOffset where its data begins, in bytes
 */
record FitsHdu(Path file, int index, List<String> cards, long dataOffset) {
  static final int BLOCK = 2880;
  static final int CARD = 80;

  /** No real header is longer; it bounds what a file without any END makes us read. */
  private static final int MAX_CARDS = 1 << 18;

  private static final int MAX_AXES = 999;

  /**
   * Reads all headers of a file. Bytes behind the last unit that are no header are ignored, as the
   * standard allows.
   *
   * @throws TesseraException.Corrupt if the primary header is not one, or a header has no end
   */
  static List<FitsHdu> readAll(Path file) throws IOException {
    List<FitsHdu> units = new ArrayList<>();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long at = 0;
      while (at < channel.size()) {
        FitsHdu unit = read(file, channel, units.size(), at);
        if (unit == null) {
          break;
        }
        units.add(unit);
        long next = unit.dataOffset() + Math.ceilDiv(unit.dataBytes(), (long) BLOCK) * BLOCK;
        if (next < unit.dataOffset()) {
          break;
        }
        at = next;
      }
    }
    if (units.isEmpty()) {
      throw new TesseraException.Corrupt("'" + file + "' does not begin with a FITS header", 0);
    }
    return units;
  }

  private static FitsHdu read(Path file, FileChannel channel, int index, long start)
      throws IOException {
    String begin = index == 0 ? "SIMPLE  =" : "XTENSION=";
    List<String> cards = new ArrayList<>();
    ByteBuffer block = ByteBuffer.allocate(BLOCK);
    for (long at = start; ; at += BLOCK) {
      block.clear();
      while (block.hasRemaining() && channel.read(block, at + block.position()) >= 0) {}
      String text = StandardCharsets.ISO_8859_1.decode(block.flip()).toString();
      if (at == start && !text.startsWith(begin)) {
        return null;
      }
      for (int i = 0; i + CARD <= text.length(); i += CARD) {
        String card = text.substring(i, i + CARD);
        if (card.startsWith("END") && card.substring(3).isBlank()) {
          return new FitsHdu(file, index, List.copyOf(cards), at + BLOCK);
        }
        cards.add(card);
      }
      if (text.length() < BLOCK || cards.size() > MAX_CARDS) {
        throw new TesseraException.Corrupt(
            "the header of HDU "
                + index
                + " of '"
                + file
                + "' has no END: the file is cut off or "
                + "damaged",
            at + text.length());
      }
    }
  }

  /** Whether the header has a card with a value for this keyword. */
  boolean has(String keyword) {
    return card(keyword) != null;
  }

  private String card(String keyword) {
    String start = String.format("%-8s=", keyword);
    return cards.stream().filter(c -> c.startsWith(start)).findFirst().orElse(null);
  }

  private <T> T value(String keyword, Class<T> type, T absent) {
    String card = card(keyword);
    if (card == null) {
      return absent;
    }
    try {
      T value = HeaderCard.create(card).getValue(type, null);
      if (value != null) {
        return value;
      }
    } catch (IllegalArgumentException | ClassCastException e) {
      throw bad(keyword, card, e);
    }
    throw bad(keyword, card, null);
  }

  private TesseraException.Corrupt bad(String keyword, String card, Throwable cause) {
    return new TesseraException.Corrupt(
        "HDU "
            + index
            + " of '"
            + file
            + "' has a bad value for "
            + keyword
            + ": '"
            + card.substring(10).strip()
            + "'",
        -1,
        cause);
  }

  /** The integer of a keyword, which must be there. */
  long integer(String keyword) {
    if (!has(keyword)) {
      throw new TesseraException.Corrupt(
          "HDU " + index + " of '" + file + "' has no " + keyword, dataOffset);
    }
    return integer(keyword, 0);
  }

  long integer(String keyword, long absent) {
    // As a decimal first: a plain conversion would silently drop digits or fractions.
    String card = card(keyword);
    if (card == null) {
      return absent;
    }
    try {
      return value(keyword, java.math.BigDecimal.class, null).longValueExact();
    } catch (ArithmeticException e) {
      throw bad(keyword, card, e);
    }
  }

  double number(String keyword, double absent) {
    return value(keyword, Double.class, absent);
  }

  String string(String keyword, String absent) {
    return value(keyword, String.class, absent).strip();
  }

  boolean logical(String keyword) {
    return value(keyword, Boolean.class, false);
  }

  /** Whether the unit is an image as opposed to a table. */
  boolean isImage() {
    return index == 0 || string("XTENSION", "").equals("IMAGE");
  }

  /** Whether the unit is a table that holds an image in compressed tiles. */
  boolean isCompressedImage() {
    return !isImage() && has("ZIMAGE") && logical("ZIMAGE");
  }

  /** Whether there is an image with values, compressed or not. */
  boolean hasImageData() {
    return isCompressedImage() || (isImage() && dataBytes() > 0 && !logical("GROUPS"));
  }

  /** The extents, fastest axis first as in the header. */
  long[] axes() {
    long count = integer("NAXIS");
    if (count < 0 || count > MAX_AXES) {
      throw bad("NAXIS", card("NAXIS"), null);
    }
    long[] axes = new long[(int) count];
    for (int i = 0; i < axes.length; i++) {
      axes[i] = integer("NAXIS" + (i + 1));
      if (axes[i] < 0) {
        throw bad("NAXIS" + (i + 1), card("NAXIS" + (i + 1)), null);
      }
    }
    return axes;
  }

  /** BITPIX: bits of a value, negative for floating point. */
  int bitpix() {
    long bitpix = integer("BITPIX");
    if (bitpix != 8
        && bitpix != 16
        && bitpix != 32
        && bitpix != 64
        && bitpix != -32
        && bitpix != -64) {
      throw bad("BITPIX", card("BITPIX"), null);
    }
    return (int) bitpix;
  }

  /** Size of the data without padding, in bytes. */
  long dataBytes() {
    long[] axes = axes();
    if (axes.length == 0) {
      return 0;
    }
    boolean groups = logical("GROUPS") && axes[0] == 0;
    try {
      long values = 1;
      for (int i = groups ? 1 : 0; i < axes.length; i++) {
        values = Math.multiplyExact(values, axes[i]);
      }
      values = Math.addExact(values, integer("PCOUNT", 0));
      values = Math.multiplyExact(values, integer("GCOUNT", 1));
      long bytes = Math.multiplyExact(values, (long) Math.abs(bitpix()) / 8);
      if (bytes >= 0) {
        return bytes;
      }
    } catch (ArithmeticException e) {
      // Reported below, together with negative counts.
    }
    throw new TesseraException.Corrupt(
        "HDU " + index + " of '" + file + "' has extents that no file can hold", dataOffset);
  }
}
