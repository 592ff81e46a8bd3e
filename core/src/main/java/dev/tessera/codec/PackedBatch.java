package dev.tessera.codec;

import java.lang.foreign.MemorySegment;

/**
 * The streams of a batch of tiles and their index.
 *
 * @param count number of tiles
 * @param streamBytes length of every stream, tile by tile; within a tile first those of the side
 *     information
 * @param checks folded check of each tile's symbols ({@link dev.tessera.entropy.SymbolCheck}), 16
 *     bits
 * @param streams all streams one after the other, in host memory
 */
public record PackedBatch(int count, long[] streamBytes, int[] checks, MemorySegment streams) {
  /** In place of checks: the streams come without, as CompressAI's own do. */
  public static final int[] UNCHECKED = {};

  /** Check of a tile's symbols, or −1 where there is none. */
  public int check(int tile) {
    return checks.length == 0 ? -1 : checks[tile];
  }
}
