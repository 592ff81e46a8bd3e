package dev.tessera.codec;

import dev.tessera.model.Model;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;

/**
 * Where tiles become streams and streams become tiles: the seam between the codec and a device, a
 * batch at a time. Everything between normalized tiles and packed streams (latents, symbols,
 * tables) belongs to the backend and never passes through the codec, so that a GPU keeps it on the
 * device.
 *
 * <p>The same symbols give the same bytes on every backend, and bytes decode to the same symbols on
 * every backend.
 */
public interface Backend extends AutoCloseable {

  /** Device and precision for people and for the container: {@code "cpu fp32"}. */
  String description();

  /** Tiles per batch that use the device well, where the user does not say. */
  int preferredBatch(TileFormat format);

  /** Batches in flight that use the device well, where the user does not say. */
  int preferredInFlight();

  /**
   * Makes room for one batch in flight. The codec opens lanes for each of its calls and closes them
   * at its end, so a backend with expensive buffers keeps closed ones for the next lane of the same
   * format and capacity.
   *
   * @param format sizes of all tiles of all its batches
   * @param capacity largest number of tiles in a batch
   */
  Lane openLane(TileFormat format, int capacity);

  /** Frees the model's networks. Lanes must have been closed. */
  @Override
  void close();

  /**
   * One batch in flight: buffers that are reused from batch to batch. A lane is used by one thread
   * at a time; different lanes of a backend work at the same time.
   */
  interface Lane extends AutoCloseable {
    /**
     * Memory for {@code capacity} tiles of {@code channels × height × width} normalized float32
     * values in native byte order: the input of {@link #encode} and the output of {@link #decode}.
     * On a GPU this is pinned host memory.
     */
    MemorySegment tiles();

    /**
     * Compresses the first {@code count} tiles of {@link #tiles()}.
     *
     * @return streams that stay valid until the lane's next call
     * @throws dev.tessera.field.TesseraException.Unsupported if the model gives no finite latent
     *     for a tile
     */
    PackedBatch encode(int count);

    /**
     * Memory for the streams of a batch that is to be decoded, filled before {@link #decode}. Valid
     * until the next call of this method; on a GPU this is pinned host memory.
     */
    MemorySegment streams(long bytes);

    /**
     * Restores tiles into {@link #tiles()}.
     *
     * @throws dev.tessera.field.TesseraException.Corrupt if a stream is damaged, or decodes to
     *     symbols whose check is not the stored one
     */
    void decode(PackedBatch batch);

    @Override
    void close();
  }

  /**
   * What a backend is opened with.
   *
   * @param model the model
   * @param threads threads that the backend's own libraries may use
   * @param workers pool of as many threads for the backend's own parallel work; the codec owns it
   */
  record Settings(Model model, int threads, ForkJoinPool workers) {}

  /** Finds and opens one kind of backend; found by {@link java.util.ServiceLoader}. */
  interface Provider {
    /** Name as in {@code --device}: {@code "cpu"}, {@code "cuda"}. */
    String name();

    /**
     * {@code --device auto} takes the usable backend with the largest preference; the CPU has 0.
     */
    int preference();

    /** Why the backend cannot run this model here and what to do about it; empty where it can. */
    Optional<String> unavailable(Model model);

    /** Opens the backend. */
    Backend open(Settings settings);
  }
}
