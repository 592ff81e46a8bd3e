package dev.tessera.io;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Images in FITS files (FITS Standard 4.0). {@code file.fits:2} is HDU 2, counted from 0, {@code
 * file.fits:SCI} and {@code file.fits:SCI,2} go by EXTNAME and EXTVER; without either the first
 * image with data is meant. NAXIS1 is the last axis. BSCALE and BZERO are kept and not applied, but
 * for the pairs by which unsigned 16 and 32 bit and signed 8 bit integers are stored: those read as
 * what they mean.
 */
final class FitsFormat implements FieldFormat {
  private static final int MAX_LISTED = 20;

  @Override
  public String name() {
    return "FITS";
  }

  @Override
  public List<String> extensions() {
    return List.of("fits", "fit", "fts", "fz");
  }

  @Override
  public boolean recognizes(byte[] head) {
    return new String(head, StandardCharsets.ISO_8859_1).startsWith("SIMPLE  =");
  }

  @Override
  public FieldSource open(Path file, String inner, OpenOptions options) throws IOException {
    FitsHdu unit = choose(file, FitsHdu.readAll(file), inner);
    if (unit.isCompressedImage()) {
      return FitsTiledImage.open(unit, options);
    }
    FieldInfo info = FillValues.override(describe(unit, keyword -> false), options);
    return MappedSource.contiguous(file, info, elements(unit), unit.dataOffset());
  }

  private static FitsHdu choose(Path file, List<FitsHdu> units, String inner) {
    if (inner.isEmpty()) {
      return units.stream()
          .filter(FitsHdu::hasImageData)
          .findFirst()
          .orElseThrow(() ->
              new TesseraException.Invalid(
                  "'" + file + "' has no image with data: it has " + list(units)));
    }
    FitsHdu unit =
        units.stream()
            .filter(u -> isNamed(u, inner))
            .findFirst()
            .orElseThrow(() ->
                new TesseraException.Invalid(
                    "'" + file + "' has no HDU '" + inner + "': it has " + list(units)));
    if (!unit.hasImageData()) {
      throw new TesseraException.Invalid(
          "HDU " + inner + " of '" + file + "' is no image with data: it has " + list(units));
    }
    return unit;
  }

  private static boolean isNamed(FitsHdu unit, String inner) {
    if (inner.matches("\\d{1,9}")) {
      return unit.index() == Integer.parseInt(inner);
    }
    int comma = inner.lastIndexOf(',');
    boolean versioned = comma > 0 && inner.substring(comma + 1).matches("\\d{1,9}");
    String name = versioned ? inner.substring(0, comma) : inner;
    return unit.string("EXTNAME", "").equalsIgnoreCase(name.strip())
        && (!versioned
            || unit.integer("EXTVER", 1) == Integer.parseInt(inner.substring(comma + 1)));
  }

  private static String list(List<FitsHdu> units) {
    String listed =
        units.stream().limit(MAX_LISTED).map(FitsFormat::summary).collect(Collectors.joining(", "));
    int more = units.size() - MAX_LISTED;
    return more > 0 ? listed + " and " + more + " more" : listed;
  }

  private static String summary(FitsHdu unit) {
    String kind =
        unit.isCompressedImage()
            ? "compressed image"
            : unit.logical("GROUPS")
                ? "random groups"
                : unit.isImage() ? unit.dataBytes() == 0 ? "empty image" : "image" : "table";
    String name = unit.string("EXTNAME", "");
    return unit.index() + (name.isEmpty() ? "" : " " + name) + " (" + kind + ")";
  }

  /** What an image's header says of the field. */
  static FieldInfo describe(FitsHdu unit, Predicate<String> leftOut) {
    long[] axes = unit.axes();
    long[] dims = new long[axes.length];
    for (int i = 0; i < axes.length; i++) {
      dims[i] = axes[axes.length - 1 - i];
    }
    StoredElements elements = elements(unit);
    boolean flipped = elements.form() == StoredElements.Form.SIGN_FLIPPED;
    Predicate<String> scaling = key -> flipped && (key.equals("BSCALE") || key.equals("BZERO"));
    String name = unit.string("EXTNAME", "");
    return new FieldInfo(
        name,
        elements.type(),
        Shape.of(dims),
        blank(unit, elements),
        FitsCards.attributes(unit.cards(), scaling.or(leftOut)));
  }

  static StoredElements elements(FitsHdu unit) {
    double zero = unit.number("BSCALE", 1) == 1 ? unit.number("BZERO", 0) : 0;
    return switch (unit.bitpix()) {
      case 8 -> zero == -128 ? flipped(DataType.INT8) : plain(DataType.UINT8);
      case 16 -> zero == 0x1p15 ? flipped(DataType.UINT16) : plain(DataType.INT16);
      case 32 -> zero == 0x1p31 ? flipped(DataType.UINT32) : plain(DataType.INT32);
      case 64 -> plain(DataType.INT64);
      case -32 -> plain(DataType.FLOAT32);
      default -> plain(DataType.FLOAT64);
    };
  }

  private static StoredElements plain(DataType type) {
    return StoredElements.plain(type, ByteOrder.BIG_ENDIAN);
  }

  private static StoredElements flipped(DataType type) {
    return new StoredElements(type, ByteOrder.BIG_ENDIAN, StoredElements.Form.SIGN_FLIPPED);
  }

  /** BLANK is given as it is stored, before BZERO. */
  private static OptionalLong blank(FitsHdu unit, StoredElements elements) {
    DataType type = elements.type();
    if (type.isFloat() || !unit.has("BLANK")) {
      return OptionalLong.empty();
    }
    long blank = unit.integer("BLANK");
    int bits = type.bytes() * 8;
    long lowest = bits == 8 ? 0 : -1L << (bits - 1);
    long highest = bits == 8 ? 0xff : ~lowest;
    if (blank < lowest || blank > highest) {
      // A value that cannot occur marks nothing.
      return OptionalLong.empty();
    }
    long mask = bits == 64 ? -1L : (1L << bits) - 1;
    return OptionalLong.of(blank & mask ^ signBit(elements));
  }

  private static long signBit(StoredElements elements) {
    boolean flipped = elements.form() == StoredElements.Form.SIGN_FLIPPED;
    return flipped ? 1L << (elements.type().bytes() * 8 - 1) : 0;
  }

  @Override
  public FieldSink create(Path file, String inner, FieldInfo info) throws IOException {
    if (info.shape().rank() > 999) {
      throw new TesseraException.Unsupported(
          "a FITS image has at most 999 axes, not " + info.shape().rank());
    }
    if (FileNames.extension(file).equals("fz")) {
      throw new TesseraException.Unsupported(
          "FITS is written without compression: give '" + file + "' a name that ends in .fits");
    }
    boolean number = inner.matches("\\d+");
    if (number && !inner.matches("0+")) {
      throw new TesseraException.Invalid(
          "a new FITS file has its image in HDU 0: leave out ':" + inner + "'");
    }
    StoredElements elements =
        switch (info.type()) {
          case INT8, UINT16, UINT32 -> flipped(info.type());
          default -> plain(info.type());
        };
    byte[] header = header(info, elements, number ? "" : inner);
    return ArraySink.create(PendingFile.create(file), info, elements, header, FitsHdu.BLOCK);
  }

  private static byte[] header(FieldInfo info, StoredElements elements, String extensionName) {
    List<String> cards = new ArrayList<>();
    DataType type = info.type();
    int bits = type.bytes() * 8;
    add(cards, "SIMPLE", "T", "FITS Standard");
    add(cards, "BITPIX", Integer.toString(type.isFloat() ? -bits : bits), "bits per value");
    // NAXIS = 0 would mean no data at all: a scalar is an image of one value.
    int rank = Math.max(1, info.shape().rank());
    add(cards, "NAXIS", Integer.toString(rank), "number of axes");
    for (int i = 1; i <= rank; i++) {
      long dim = info.shape().rank() == 0 ? 1 : info.shape().dim(rank - i);
      add(cards, "NAXIS" + i, Long.toString(dim), i == 1 ? "fastest axis" : "");
    }
    long signBit = signBit(elements);
    if (signBit != 0) {
      add(cards, "BSCALE", "1", "");
      add(
          cards,
          "BZERO",
          type == DataType.INT8 ? "-128" : Long.toString(signBit),
          zeroMeaning(type));
    }
    if (info.fillBits().isPresent() && !type.isFloat()) {
      add(cards, "BLANK", Long.toString(storedBlank(info, signBit)), "stored value of no data");
    }
    if (!extensionName.isEmpty()) {
      cards.addAll(FitsCards.cards(java.util.Map.of("EXTNAME", quoted(extensionName)), k -> false));
    }
    // Scaling that reads as another type would change what the values mean.
    boolean dropsScaling = signBit != 0 || scalingFlips(info);
    Predicate<String> leftOut =
        key ->
            (dropsScaling && (key.equals("BSCALE") || key.equals("BZERO")))
                || (!extensionName.isEmpty() && key.equals("EXTNAME"));
    cards.addAll(FitsCards.cards(info.attributes(), leftOut));
    cards.add(FitsCards.pad("END"));
    String text = String.join("", cards);
    int size = Math.ceilDiv(text.length(), FitsHdu.BLOCK) * FitsHdu.BLOCK;
    return (text + " ".repeat(size - text.length())).getBytes(StandardCharsets.US_ASCII);
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private static void add(List<String> cards, String keyword, String value, String comment) {
    String end = comment.isEmpty() ? "" : " / " + comment;
    cards.add(FitsCards.pad(String.format("%-8s= %20s%s", keyword, value, end)));
  }

  private static String zeroMeaning(DataType type) {
    return type == DataType.INT8 ? "signed bytes" : "unsigned integers";
  }

  private static long storedBlank(FieldInfo info, long signBit) {
    long stored = info.fillBits().getAsLong() ^ signBit;
    return switch (info.type()) {
      case INT16, UINT16 -> (short) stored;
      case INT32, UINT32 -> (int) stored;
      default -> stored;
    };
  }

  private static boolean scalingFlips(FieldInfo info) {
    BigInteger offset = number(info, "BZERO", BigInteger.ZERO);
    BigInteger scale = number(info, "BSCALE", BigInteger.ONE);
    long wanted =
        switch (info.type()) {
          case UINT8 -> -128;
          case INT16 -> 1L << 15;
          case INT32 -> 1L << 31;
          default -> 0;
        };
    return wanted != 0 && scale.equals(BigInteger.ONE) && offset.equals(BigInteger.valueOf(wanted));
  }

  private static BigInteger number(FieldInfo info, String key, BigInteger absent) {
    String text = info.attributes().get(key);
    if (text == null) {
      return absent;
    }
    try {
      double value = Double.parseDouble(text.split("/", 2)[0].strip().replace('D', 'E'));
      return Math.abs(value) < 0x1p40 && value == Math.rint(value)
          ? BigInteger.valueOf((long) value)
          : BigInteger.TWO;
    } catch (NumberFormatException e) {
      return BigInteger.TWO;
    }
  }
}
