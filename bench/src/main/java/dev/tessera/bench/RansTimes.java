package dev.tessera.bench;

/**
 * What a measurement gave.
 *
 * @param encode symbols in memory to packed streams and their lengths in memory
 * @param decode back
 * @param streamBytes bytes of all streams
 * @param lengthBytes bytes that a container takes for their lengths
 * @param streams number of streams; 0 for coders that have none
 * @param crc CRC-32C of the packed streams of the first input, to compare devices; 0 where streams
 *     are not of this format, or not put together
 */
public record RansTimes(
    Samples encode, Samples decode, long streamBytes, long lengthBytes, long streams, long crc) {
  /** All that is stored. */
  public long bytes() {
    return streamBytes + lengthBytes;
  }
}
