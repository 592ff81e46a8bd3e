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
public record PackedBatch(int count, long[] streamBytes, int[] checks, MemorySegment streams) {}
