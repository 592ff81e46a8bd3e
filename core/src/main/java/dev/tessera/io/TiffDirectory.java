package dev.tessera.io;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One image file directory of a TIFF or BigTIFF file: its tags by number (TIFF 6.0, section 2). The
 * values are read from the file when they are asked for, after their position has been checked
 * against the file's size.
 */
final class TiffDirectory {
  /** Field types by number, in bytes per value; 0 where there is none. */
  private static final int[] TYPE_BYTES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

  private static final int ASCII = 2;
  private static final int RATIONAL = 5;
  private static final int MAX_TAGS = 4096;

  private record Tag(int type, long count, long offset) {}

  private final MemorySegment file;
  private final ByteOrder order;
  private final Map<Integer, Tag> tags = new HashMap<>();

  private TiffDirectory(MemorySegment file, ByteOrder order) {
    this.file = file;
    this.order = order;
  }

  /** Byte order of the file. */
  ByteOrder order() {
    return order;
  }

  /**
   * The file's chain of directories.
   *
   * @throws TesseraException.Corrupt if the header is not that of a TIFF file, or a directory does
   *     not lie in the file or is chained to an earlier one
   */
  static List<TiffDirectory> readAll(MemorySegment file) {
    if (file.byteSize() < 8) {
      throw notTiff();
    }
    int mark = file.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 0);
    ByteOrder order = mark == 0x4d4d ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    TiffDirectory reader = new TiffDirectory(file, order);
    long version = reader.unsigned(2, 2);
    boolean big = version == 43;
    if (mark != 0x4d4d && mark != 0x4949 || version != 42 && !big) {
      throw notTiff();
    }
    if (big) {
      reader.checkInside(8, 8);
    }
    if (big && (reader.unsigned(4, 2) != 8 || reader.unsigned(6, 2) != 0)) {
      throw new TesseraException.Corrupt("the BigTIFF header is damaged", 4);
    }
    List<TiffDirectory> directories = new ArrayList<>();
    Set<Long> seen = new HashSet<>();
    long at = big ? reader.unsigned(8, 8) : reader.unsigned(4, 4);
    while (at != 0) {
      if (!seen.add(at)) {
        throw new TesseraException.Corrupt("the TIFF file's directories form a loop", at);
      }
      TiffDirectory directory = new TiffDirectory(file, order);
      at = directory.parse(at, big);
      directories.add(directory);
    }
    if (directories.isEmpty()) {
      throw new TesseraException.Corrupt("the TIFF file holds no image", 4);
    }
    return directories;
  }

  private static TesseraException notTiff() {
    return new TesseraException.Corrupt("this is not a TIFF file: its header differs", 0);
  }

  /** Parses the directory at an offset and returns the offset of the next one. */
  private long parse(long at, boolean big) {
    int entryBytes = big ? 20 : 12;
    int offsetBytes = big ? 8 : 4;
    int countBytes = big ? 8 : 2;
    checkInside(at, countBytes);
    long count = unsigned(at, countBytes);
    if (count < 1 || count > MAX_TAGS) {
      throw new TesseraException.Corrupt("a TIFF directory claims " + count + " tags", at);
    }
    long entry = at + countBytes;
    checkInside(entry, count * entryBytes + offsetBytes);
    for (long i = 0; i < count; i++, entry += entryBytes) {
      int type = (int) unsigned(entry + 2, 2);
      long values = unsigned(entry + 4, offsetBytes);
      long valueAt = entry + 4 + offsetBytes;
      // Unknown types are skipped, as the specification asks.
      if (type >= TYPE_BYTES.length || TYPE_BYTES[type] == 0) {
        continue;
      }
      boolean inline = values >= 0 && values <= offsetBytes / TYPE_BYTES[type];
      long offset = inline ? valueAt : unsigned(valueAt, offsetBytes);
      tags.putIfAbsent((int) unsigned(entry, 2), new Tag(type, values, offset));
    }
    return unsigned(entry, offsetBytes);
  }

  private void checkInside(long offset, long length) {
    if (offset < 0 || length < 0 || offset > file.byteSize() - length) {
      throw new TesseraException.Corrupt(
          "the TIFF file is cut off: "
              + length
              + " bytes at "
              + Long.toUnsignedString(offset)
              + " lie beyond its end of "
              + file.byteSize(),
          -1);
    }
  }

  private long unsigned(long offset, int bytes) {
    return switch (bytes) {
      case 1 -> file.get(ValueLayout.JAVA_BYTE, offset) & 0xffL;
      case 2 -> file.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), offset) & 0xffffL;
      case 4 -> file.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), offset) & 0xffff_ffffL;
      default -> file.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), offset);
    };
  }

  boolean has(int tag) {
    return tags.containsKey(tag);
  }

  /** The first value of an integer tag, or {@code absent}. */
  long integer(int tag, long absent) {
    return has(tag) && tags.get(tag).count > 0 ? integers(tag)[0] : absent;
  }

  /**
   * The values of an integer tag; empty if it is absent.
   *
   * @throws TesseraException.Corrupt if they do not lie in the file
   */
  long[] integers(int number) {
    Tag tag = tags.get(number);
    if (tag == null) {
      return new long[0];
    }
    int bytes = TYPE_BYTES[tag.type];
    checkCount(number, tag, bytes);
    long[] values = new long[(int) tag.count];
    for (int i = 0; i < values.length; i++) {
      values[i] = unsigned(tag.offset + (long) i * bytes, bytes);
    }
    return values;
  }

  private void checkCount(int number, Tag tag, int bytes) {
    if (tag.count < 0 || tag.count > Integer.MAX_VALUE / 8) {
      throw new TesseraException.Corrupt(
          "the TIFF tag " + number + " claims " + Long.toUnsignedString(tag.count) + " values", -1);
    }
    checkInside(tag.offset, tag.count * bytes);
  }

  /** The text of an ASCII tag without its closing zero, or null if it is absent or no text. */
  String text(int number) {
    Tag tag = tags.get(number);
    if (tag == null || tag.type != ASCII) {
      return null;
    }
    checkCount(number, tag, 1);
    byte[] bytes = file.asSlice(tag.offset, tag.count).toArray(ValueLayout.JAVA_BYTE);
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /** A tag of one rational as {@code numerator/denominator}, or null. */
  String rational(int number) {
    Tag tag = tags.get(number);
    if (tag == null || tag.type != RATIONAL || tag.count != 1) {
      return null;
    }
    checkInside(tag.offset, 8);
    return unsigned(tag.offset, 4) + "/" + unsigned(tag.offset + 4, 4);
  }
}
