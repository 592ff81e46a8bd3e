package dev.tessera.bench;

import java.lang.foreign.MemorySegment;

/**
 * What a measurement gave.
 *
 * @param encode values in memory to chunks and their lengths in memory
 * @param decode back
 * @param chunkBytes bytes of all chunks
 * @param recordBytes bytes that a container takes for their lengths and checks
 * @param crc CRC-32C of the chunks in order, to compare devices; 0 where they are not of this
 *     format
 * @param restored the values as they come back
 */
public record PipelineTimes(
    Samples encode,
    Samples decode,
    long chunkBytes,
    long recordBytes,
    long crc,
    MemorySegment restored) {
  /** All that is stored. */
  public long bytes() {
    return chunkBytes + recordBytes;
  }
}
