package dev.tessera.codec;

import dev.tessera.pipeline.ChunkFormat;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.ForkJoinPool;

/**
 * Where chunks of values become bytes and bytes become chunks: the seam between the codec and a
 * device for pipelines without a model, a batch at a time. Everything between a field's own values
 * and coded bytes belongs to the backend.
 *
 * <p>The same values give the same bytes on every backend (but for what nvCOMP makes), and bytes
 * give the same values on every backend.
 */
public interface ChunkBackend extends AutoCloseable {

  /** Device for people: {@code "cpu"}. */
  String description();

  /**
   * Chunks per batch that use the device well, where the user does not say.
   *
   * @param chunkBytes bytes of the largest chunk's values
   */
  int preferredBatch(ChunkFormat format, long chunkBytes);

  /** Batches in flight that use the device well, where the user does not say. */
  int preferredInFlight();

  /**
   * Makes room for one batch in flight. The codec opens lanes for each of its calls and closes them
   * at its end.
   *
   * @param format what all its chunks are coded with
   * @param chunkBytes bytes of the largest chunk's values
   * @param capacity largest number of chunks in a batch
   * @throws dev.tessera.field.TesseraException.Unsupported if there is not so much memory
   */
  Lane openLane(ChunkFormat format, long chunkBytes, int capacity);

  /** Frees the device. Lanes must have been closed. */
  @Override
  void close();

  /**
   * One batch in flight: buffers that are reused from batch to batch. A lane is used by one thread
   * at a time; different lanes of a backend work at the same time.
   */
  interface Lane extends AutoCloseable {
    /**
     * Memory for {@code capacity} chunks, {@link #stride} bytes apart: the values of a chunk in C
     * order, clipped, little-endian elements of the field's type. The input of {@link #encode} and
     * the output of {@link #decode}. On a GPU this is pinned host memory.
     */
    MemorySegment values();

    /** Bytes from one chunk's values to the next chunk's, at least {@code chunkBytes}. */
    long stride();

    /**
     * Codes the first {@code boxes.size()} chunks of {@link #values()}.
     *
     * @return the chunks in order, valid until the lane's next call
     */
    List<EncodedChunk> encode(List<ChunkBox> boxes);

    /**
     * Restores chunks into {@link #values()}.
     *
     * @param chunks one for each box
     * @throws dev.tessera.field.TesseraException.Corrupt if a chunk is damaged, or decodes to
     *     integers whose check is not the stored one
     */
    void decode(List<EncodedChunk> chunks, List<ChunkBox> boxes);

    @Override
    void close();
  }

  /**
   * What a backend is opened with.
   *
   * @param threads threads that the backend's own libraries may use
   * @param workers pool of as many threads for the backend's own parallel work; the codec owns it
   */
  record Settings(int threads, ForkJoinPool workers) {}
}
