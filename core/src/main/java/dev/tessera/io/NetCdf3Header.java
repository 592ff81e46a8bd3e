package dev.tessera.io;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The header of a NetCDF classic file, as "The NetCDF Classic Format Specification" and its CDF-5
 * extension define it; big-endian.
 *
 * @param version 1 (classic), 2 (64-bit offsets) or 5 (64-bit data)
 * @param records number of records, −1 if the writer did not know it
 */
record NetCdf3Header(
    int version,
    long records,
    List<Dimension> dimensions,
    List<NetCdfAttribute> attributes,
    List<Variable> variables) {
  static final int TAG_DIMENSION = 10;
  static final int TAG_VARIABLE = 11;
  static final int TAG_ATTRIBUTE = 12;

  /** An axis; length 0 stands for the record dimension. */
  record Dimension(String name, long length) {}

  /**
   * A variable.
   *
   * @param dimensionIds numbers of its dimensions, slowest first
   * @param begin where its values begin, in bytes
   */
  record Variable(
      String name,
      int[] dimensionIds,
      List<NetCdfAttribute> attributes,
      NetCdfType type,
      long begin) {
    /** The attribute of a name, or null. */
    NetCdfAttribute attribute(String name) {
      return attributes.stream().filter(a -> a.name().equals(name)).findFirst().orElse(null);
    }
  }

  /**
   * Reads a file's header.
   *
   * @throws TesseraException.Corrupt if it does not follow the format or is cut off
   */
  static NetCdf3Header read(Path file) throws IOException {
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = Math.min(channel.size(), Reader.MAX_BYTES);
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      return new Reader(file, bytes).header();
    }
  }

  /** Whether a variable's first axis is the record dimension. */
  boolean isRecord(Variable variable) {
    return variable.dimensionIds().length > 0
        && dimensions.get(variable.dimensionIds()[0]).length() == 0;
  }

  /** Reads the header's fields one after the other and never past its end. */
  private static final class Reader {
    /** No real header is longer: what a hostile one makes us allocate is bounded by this. */
    static final long MAX_BYTES = 64L << 20;

    private static final int MAX_ITEMS = 1 << 20;
    private static final ValueLayout.OfInt INT =
        ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG =
        ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final Path file;
    private final MemorySegment bytes;
    private long at;
    private int version;
    private int items;

    Reader(Path file, MemorySegment bytes) {
      this.file = file;
      this.bytes = bytes;
    }

    NetCdf3Header header() {
      int magic = int32();
      version = magic & 0xff;
      if (magic >>> 8 != 0x434446 || (version != 1 && version != 2 && version != 5)) {
        throw corrupt("it does not begin with CDF and version 1, 2 or 5");
      }
      long records = version == 5 ? int64() : int32();
      if (records < -1) {
        throw corrupt("its number of records is negative");
      }
      List<Dimension> dimensions = dimensions();
      List<NetCdfAttribute> attributes = attributes();
      List<Variable> variables = variables(dimensions);
      return new NetCdf3Header(version, records, dimensions, attributes, variables);
    }

    private List<Dimension> dimensions() {
      int count = listSize(TAG_DIMENSION);
      List<Dimension> dimensions = new ArrayList<>();
      int unlimited = 0;
      for (int i = 0; i < count; i++) {
        Dimension dimension = new Dimension(name(), size());
        unlimited += dimension.length() == 0 ? 1 : 0;
        dimensions.add(dimension);
      }
      if (unlimited > 1) {
        throw corrupt("it has several record dimensions");
      }
      return dimensions;
    }

    private List<NetCdfAttribute> attributes() {
      int count = listSize(TAG_ATTRIBUTE);
      List<NetCdfAttribute> attributes = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        String name = name();
        NetCdfType type = type();
        long length = size();
        if (length > bytes.byteSize()) {
          throw corrupt("its attribute '" + name + "' is longer than the header");
        }
        attributes.add(new NetCdfAttribute(name, type, padded(length * type.bytes())));
      }
      return attributes;
    }

    private List<Variable> variables(List<Dimension> dimensions) {
      int count = listSize(TAG_VARIABLE);
      List<Variable> variables = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        String name = name();
        int[] ids = new int[count(size())];
        for (int axis = 0; axis < ids.length; axis++) {
          long id = size();
          if (id >= dimensions.size()) {
            throw corrupt("its variable '" + name + "' has a dimension that is not there");
          }
          ids[axis] = (int) id;
          if (axis > 0 && dimensions.get(ids[axis]).length() == 0) {
            throw corrupt("the record dimension of '" + name + "' is not its first");
          }
        }
        List<NetCdfAttribute> attributes = attributes();
        NetCdfType type = type();
        // The stored size is redundant, and wrong in large files: it is computed anew.
        size();
        long begin = version == 1 ? int32() : int64();
        if (begin < 0) {
          throw corrupt("its variable '" + name + "' begins before the file");
        }
        variables.add(new Variable(name, ids, attributes, type, begin));
      }
      return variables;
    }

    private int listSize(int tag) {
      int found = int32();
      long count = size();
      if (found == 0 && count == 0) {
        return 0;
      }
      if (found != tag) {
        throw corrupt("a list with the tag " + tag + " was expected, not one with " + found);
      }
      return count(count);
    }

    private int count(long count) {
      // Each item of any list takes at least four bytes.
      if (count > (bytes.byteSize() - at) / 4 || count > MAX_ITEMS - items) {
        throw corrupt("a list of " + Long.toUnsignedString(count) + " items does not fit into it");
      }
      items += (int) count;
      return (int) count;
    }

    private NetCdfType type() {
      int code = int32();
      NetCdfType type = NetCdfType.ofCode(code);
      if (type == null || (type.onlyCdf5() && version != 5)) {
        throw corrupt("it has the type " + code + ", which version " + version + " has not");
      }
      return type;
    }

    private String name() {
      String name = new String(padded(size()), StandardCharsets.UTF_8);
      if (name.isEmpty()) {
        throw corrupt("it has an empty name");
      }
      return name;
    }

    private byte[] padded(long length) {
      need(length);
      byte[] value = bytes.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
      // Padding that the end of the file cuts off is missed by nobody.
      at = Math.min(bytes.byteSize(), at + Math.ceilDiv(length, 4L) * 4);
      return value;
    }

    /** A size or count: 32 bits before CDF-5, where some writers use all of them. */
    private long size() {
      long size = version == 5 ? int64() : int32() & 0xffff_ffffL;
      if (size < 0) {
        throw corrupt("a size in it is negative");
      }
      return size;
    }

    private int int32() {
      need(4);
      at += 4;
      return bytes.get(INT, at - 4);
    }

    private long int64() {
      need(8);
      at += 8;
      return bytes.get(LONG, at - 8);
    }

    private void need(long length) {
      if (length > bytes.byteSize() - at) {
        throw corrupt("its header reaches past byte " + bytes.byteSize());
      }
    }

    private TesseraException.Corrupt corrupt(String what) {
      return new TesseraException.Corrupt(
          "'" + file + "' is not a readable NetCDF-3 file: " + what, at);
    }
  }
}
