package dev.tessera.bench;

/** What a container spends on the lengths of a tile's streams (FORMAT.md, "Tile records"). */
final class StreamLengths {
  /** Streams of a tile above which only the first ones that have bytes are listed. */
  private static final int LISTED = 8;

  private static final int COMPATIBLE_STATE = 8;
  private static final int COMPATIBLE_WORD = 4;

  private StreamLengths() {}

  /**
   * Bytes of all lengths.
   *
   * @param streamBytes length of each stream of each tile
   * @param perTile streams of a tile
   */
  static long bytes(RansProfile profile, long[] streamBytes, int perTile) {
    long total = 0;
    for (int first = 0; first < streamBytes.length; first += perTile) {
      int count = perTile;
      if (profile == RansProfile.COMPACT && perTile > LISTED) {
        while (count > 0 && streamBytes[first + count - 1] == 0) {
          count--;
        }
        total += varint(count);
      }
      for (int i = first; i < first + count; i++) {
        total +=
            varint(
                profile == RansProfile.COMPACT
                    ? streamBytes[i] / Short.BYTES
                    : (streamBytes[i] - COMPATIBLE_STATE) / COMPATIBLE_WORD);
      }
    }
    return total;
  }

  static int varint(long value) {
    return Math.max(1, Math.ceilDiv(Long.SIZE - Long.numberOfLeadingZeros(value), 7));
  }
}
