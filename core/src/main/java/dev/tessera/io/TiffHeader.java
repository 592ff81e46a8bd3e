package dev.tessera.io;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Everything that stands before the samples of an uncompressed little-endian TIFF file with one
 * page for each slice: file header and all directories (TIFF 6.0, section 2). Beyond 4 GiB it is a
 * BigTIFF. Each page is a single strip.
 */
final class TiffHeader {
  private static final int ASCII = 2;
  private static final int SHORT = 3;
  private static final int LONG = 4;
  private static final int RATIONAL = 5;
  private static final int LONG8 = 16;
  private static final int MAX_BYTES = 1 << 30;

  /** A tag's type, number of values, and its values as bytes. */
  private record Entry(int type, long count, byte[] values) {}

  private final FieldInfo info;
  private final boolean big;
  private final long pageBytes;

  private TiffHeader(FieldInfo info, boolean big) {
    this.info = info;
    this.big = big;
    Shape shape = info.shape();
    this.pageBytes = shape.height() * shape.width() * info.type().bytes();
  }

  /**
   * @throws TesseraException.Unsupported if there are so many pages that their directories fit into
   *     no memory
   */
  static byte[] build(FieldInfo info) {
    TiffHeader classic = new TiffHeader(info, false);
    long size = classic.size();
    boolean fits = size <= 0xffff_ffffL && info.bytes() <= 0xffff_ffffL - size;
    TiffHeader header = fits ? classic : new TiffHeader(info, true);
    if (header.size() > MAX_BYTES) {
      throw new TesseraException.Unsupported(
          "a TIFF file of "
              + info.shape().slices()
              + " pages has more directories than fit here:"
              + " write HDF5, .npy or raw instead");
    }
    return header.bytes((int) header.size());
  }

  private int directoryBytes(Map<Integer, Entry> entries) {
    return big ? 16 + 20 * entries.size() : 6 + 12 * entries.size();
  }

  private int inlineBytes() {
    return big ? 8 : 4;
  }

  /** Values are padded, so that everything starts at a multiple of 8. */
  private static long padded(long bytes) {
    return Math.ceilDiv(bytes, 8L) * 8;
  }

  private long size() {
    Map<Integer, Entry> first = entries(0, 0);
    long size = 16 + padded(directoryBytes(first));
    for (Entry entry : first.values()) {
      if (entry.values.length > inlineBytes()) {
        size += padded(entry.values.length);
      }
    }
    long others = padded(directoryBytes(entries(1, 0)));
    long count = info.shape().slices() - 1;
    return count > Long.MAX_VALUE / 1024 ? Long.MAX_VALUE : size + count * others;
  }

  private byte[] bytes(int size) {
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    out.put((byte) 'I').put((byte) 'I');
    if (big) {
      out.putShort((short) 43).putShort((short) 8).putShort((short) 0).putLong(16);
    } else {
      out.putShort((short) 42).putInt(16);
    }
    long slices = info.shape().slices();
    int at = 16;
    for (long page = 0; page < slices; page++) {
      boolean last = page == slices - 1;
      at = putDirectory(out, at, entries(page, size + page * pageBytes), last);
    }
    return out.array();
  }

  /** Puts a directory at {@code at}, its longer values behind it, and returns where those end. */
  private int putDirectory(ByteBuffer out, int at, Map<Integer, Entry> entries, boolean last) {
    int end = at + (int) padded(directoryBytes(entries));
    out.position(at);
    if (big) {
      out.putLong(entries.size());
    } else {
      out.putShort((short) entries.size());
    }
    for (Map.Entry<Integer, Entry> tagged : entries.entrySet()) {
      Entry entry = tagged.getValue();
      out.putShort(tagged.getKey().shortValue()).putShort((short) entry.type);
      putOffset(out, entry.count);
      if (entry.values.length <= inlineBytes()) {
        out.put(entry.values);
        out.position(out.position() + inlineBytes() - entry.values.length);
      } else {
        putOffset(out, end);
        out.put(end, entry.values);
        end += (int) padded(entry.values.length);
      }
    }
    putOffset(out, last ? 0 : end);
    return end;
  }

  private void putOffset(ByteBuffer out, long value) {
    if (big) {
      out.putLong(value);
    } else {
      out.putInt((int) value);
    }
  }

  /** The tags of a page by number, which is also their order in the file. */
  private Map<Integer, Entry> entries(long page, long offset) {
    Map<Integer, Entry> entries = new TreeMap<>();
    Shape shape = info.shape();
    entries.put(TiffPage.IMAGE_WIDTH, integer(LONG, shape.width()));
    entries.put(TiffPage.IMAGE_LENGTH, integer(LONG, shape.height()));
    entries.put(TiffPage.BITS_PER_SAMPLE, integer(SHORT, 8L * info.type().bytes()));
    entries.put(TiffPage.COMPRESSION, integer(SHORT, TiffCompression.NONE));
    entries.put(TiffPage.PHOTOMETRIC, integer(SHORT, 1));
    entries.put(TiffPage.STRIP_OFFSETS, integer(big ? LONG8 : LONG, offset));
    entries.put(TiffPage.SAMPLES_PER_PIXEL, integer(SHORT, 1));
    entries.put(TiffPage.ROWS_PER_STRIP, integer(LONG, shape.height()));
    entries.put(TiffPage.STRIP_BYTE_COUNTS, integer(big ? LONG8 : LONG, pageBytes));
    entries.put(TiffPage.SAMPLE_FORMAT, integer(SHORT, TiffFormat.sampleFormat(info.type())));
    if (page == 0) {
      putMetadata(entries);
    }
    return entries;
  }

  private void putMetadata(Map<Integer, Entry> entries) {
    entries.put(TiffMetadata.IMAGE_DESCRIPTION, text(TiffMetadata.describe(info)));
    Map<String, String> attributes = info.attributes();
    TiffMetadata.TEXT_TAGS.forEach((tag, key) -> {
      if (attributes.containsKey(key)) {
        entries.put(tag, text(attributes.get(key)));
      }
    });
    TiffMetadata.RATIONAL_TAGS.forEach((tag, key) -> {
      String[] parts = attributes.getOrDefault(key, "").split("/");
      if (parts.length == 2 && isUnsignedInt(parts[0]) && isUnsignedInt(parts[1])) {
        ByteBuffer values = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        values.putInt(Integer.parseUnsignedInt(parts[0]));
        values.putInt(Integer.parseUnsignedInt(parts[1]));
        entries.put(tag, new Entry(RATIONAL, 1, values.array()));
      }
    });
    String unit = attributes.getOrDefault(TiffMetadata.RESOLUTION_UNIT_NAME, "");
    if (unit.matches("[123]")) {
      entries.put(TiffMetadata.RESOLUTION_UNIT, integer(SHORT, Long.parseLong(unit)));
    }
    String noData = TiffMetadata.noData(info);
    if (noData != null) {
      entries.put(TiffMetadata.GDAL_NODATA, text(noData));
    }
  }

  private static boolean isUnsignedInt(String text) {
    return text.matches("\\d{1,10}") && Long.parseLong(text) <= 0xffff_ffffL;
  }

  private static Entry text(String text) {
    byte[] values = (text.replace("\0", "") + "\0").getBytes(StandardCharsets.UTF_8);
    return new Entry(ASCII, values.length, values);
  }

  private static Entry integer(int type, long value) {
    int bytes = type == SHORT ? 2 : type == LONG ? 4 : 8;
    ByteBuffer values = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
    return new Entry(type, 1, Arrays.copyOf(values.array(), bytes));
  }
}
