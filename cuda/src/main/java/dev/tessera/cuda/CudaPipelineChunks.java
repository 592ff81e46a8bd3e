package dev.tessera.cuda;

import dev.tessera.field.TesseraException;

/**
 * Coded chunks in device memory, as {@link CudaPipeline} writes and reads them.
 *
 * @param chunks number of chunks
 * @param words the chunks' words (4 bytes, little-endian), each chunk from its first byte on; at a
 *     multiple of 16 bytes
 * @param starts for each chunk an i64: the word where it begins
 * @param sizes for each chunk an i32: its number of words
 * @param counters what is cleared before each call: scratch of the encoder, then {@link #checks}
 *     and {@link #error}
 */
public record CudaPipelineChunks(
    int chunks,
    DeviceBuffer words,
    DeviceBuffer starts,
    DeviceBuffer sizes,
    DeviceBuffer counters) {
  /** The decoder met words that are no such chunk. */
  public static final int ERROR_CORRUPT = 1;

  /**
   * There was no room for all words; starts and sizes are right nevertheless. A chunk that ends
   * within the room may have been left out.
   */
  public static final int ERROR_CAPACITY = 2;

  private static final int WORDS_ALIGNMENT = 16;

  /** Checks the sizes of the buffers. */
  public CudaPipelineChunks {
    require(starts, (long) chunks * Long.BYTES);
    require(sizes, (long) chunks * Integer.BYTES);
    require(counters, tailBytes(chunks));
    if (words.address() % WORDS_ALIGNMENT != 0 || words.bytes() % WORDS_ALIGNMENT != 0) {
      throw new TesseraException.Invalid(
          "words of chunks must begin and end at a multiple of " + WORDS_ALIGNMENT + " bytes");
    }
  }

  private static void require(DeviceBuffer buffer, long bytes) {
    if (buffer.bytes() < bytes) {
      throw new TesseraException.Invalid(
          "a buffer of %d bytes is too small for chunks, which need %d"
              .formatted(buffer.bytes(), bytes));
    }
  }

  /**
   * Memory for the chunks of a geometry.
   *
   * @param capacity bytes for the words of all chunks
   */
  public static CudaPipelineChunks allocate(
      DeviceArena arena, CudaPipelineGeometry geometry, long capacity) {
    int chunks = geometry.chunks();
    return new CudaPipelineChunks(
        chunks,
        arena.allocate((capacity + WORDS_ALIGNMENT - 1) & -WORDS_ALIGNMENT),
        arena.allocate((long) chunks * Long.BYTES),
        arena.allocate((long) chunks * Integer.BYTES),
        arena.allocate(stateBytes(geometry) + tailBytes(chunks)));
  }

  /** Bytes of {@code counters} for encoding a geometry. */
  public static long counterBytes(CudaPipelineGeometry geometry) {
    return stateBytes(geometry) + tailBytes(geometry.chunks());
  }

  // a prefix sum for each thread block and a start for each chunk
  private static long stateBytes(CudaPipelineGeometry geometry) {
    return (CudaPipeline.threadBlocks(geometry) + geometry.chunks()) * Long.BYTES;
  }

  private static long tailBytes(int chunks) {
    return (chunks + 1L) * Integer.BYTES;
  }

  /** For each chunk an i32: the check of its integers, not folded. */
  public DeviceBuffer checks() {
    return tail().slice(0, (long) chunks * Integer.BYTES);
  }

  /** An i32: 0, or {@link #ERROR_CORRUPT} or {@link #ERROR_CAPACITY}. */
  public DeviceBuffer error() {
    return tail().slice((long) chunks * Integer.BYTES, Integer.BYTES);
  }

  /** Checks and error together. */
  DeviceBuffer tail() {
    return counters.slice(counters.bytes() - tailBytes(chunks), tailBytes(chunks));
  }
}
