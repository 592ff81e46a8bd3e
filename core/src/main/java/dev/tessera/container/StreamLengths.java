package dev.tessera.container;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;

/**
 * The lengths of a tile's streams as its record holds them (FORMAT.md, "Groups and tiles"). Tiles
 * of many streams in the compact profile leave out the empty ones at the end.
 */
final class StreamLengths {
  /** Most streams whose lengths are all listed in the compact profile. */
  private static final int MOST_LISTED = 8;

  private StreamLengths() {}

  static void write(ByteWriter out, LengthUnit unit, long[] streamBytes) {
    int listed = streamBytes.length;
    if (cut(unit, streamBytes.length)) {
      listed = withoutEmptyTail(streamBytes);
      out.varint(listed);
    }
    for (int i = 0; i < listed; i++) {
      out.varint(unit.encodeLength(streamBytes[i]));
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @param streams number of streams of the tile
   * @return length of each stream in bytes; shorter than {@code streams} where the last ones are
   *     empty, so that damaged files cannot ask for memory that they do not fill
   */
  static long[] read(ByteReader in, LengthUnit unit, int streams) {
    boolean cut = cut(unit, streams);
    int listed = cut ? in.varint(streams) : streams;
    if (listed > in.remaining()) {
      throw in.corrupt("is too short for a tile of " + listed + " streams");
    }
    long[] streamBytes = new long[listed];
    for (int i = 0; i < listed; i++) {
      streamBytes[i] = unit.decodeLength(in.varint(Integer.MAX_VALUE));
    }
    if (cut && listed > 0 && streamBytes[listed - 1] == 0) {
      throw in.corrupt("lists an empty stream as a tile's last");
    }
    return streamBytes;
  }

  /** Bytes that {@link #write} takes. */
  static long size(LengthUnit unit, long[] streamBytes, int streams) {
    boolean cut = cut(unit, streams);
    int listed = cut ? withoutEmptyTail(streamBytes) : streamBytes.length;
    long size = cut ? varintBytes(listed) : 0;
    for (int i = 0; i < listed; i++) {
      size += varintBytes(unit.encodeLength(streamBytes[i]));
    }
    return size;
  }

  private static boolean cut(LengthUnit unit, int streams) {
    return unit == StreamPlan.Profile.COMPACT && streams > MOST_LISTED;
  }

  private static int withoutEmptyTail(long[] streamBytes) {
    int listed = streamBytes.length;
    while (listed > 0 && streamBytes[listed - 1] == 0) {
      listed--;
    }
    return listed;
  }

  private static int varintBytes(long value) {
    return Math.max(1, Math.ceilDiv(64 - Long.numberOfLeadingZeros(value), 7));
  }
}
