package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.transform.Precisions;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;

/**
 * Where tiles become streams and streams become tiles: the seam between the codec and a device, a
 * batch at a time. Everything between tiles and packed streams (latents, symbols, tables) belongs
 * to the backend and never passes through the codec, so that a GPU keeps it on the device.
 *
 * <p>The same symbols give the same bytes on every backend, and bytes decode to the same symbols on
 * every backend.
 */
public interface Backend extends AutoCloseable {

  /** What {@link #arithmetic} says of networks that run as those of the CPU backend do. */
  String CPU_ARITHMETIC = "cpu fp32";

  /** Device and precision for people: {@code "cpu fp32"}. */
  String description();

  /**
   * Where and in what precision g_a, h_a and g_s run, for the container, which says it where it is
   * not {@link #CPU_ARITHMETIC}.
   */
  default String arithmetic() {
    return description();
  }

  /** Tiles per batch that use the device well, where the user does not say. */
  int preferredBatch(TileFormat format);

  /** Batches in flight that use the device well, where the user does not say. */
  int preferredInFlight();

  /**
   * Whether lanes take a field's own values and normalize them on their way into a network (g_a),
   * or restore them on their way out of it (g_s): see {@link FieldValues}. Where not, the codec
   * does.
   */
  default boolean takesFieldValues(Network network) {
    return false;
  }

  /**
   * Makes room for one batch in flight. The codec opens lanes for each of its calls and closes them
   * at its end, so a backend with expensive buffers keeps closed ones for the next lane of the same
   * format and capacity.
   *
   * @param format with a pipeline only where {@link Provider#unavailableBehindModel} allows it,
   *     with a field's values only where {@link #takesFieldValues} does
   * @param capacity largest number of tiles in a batch
   */
  Lane openLane(LaneFormat format, int capacity);

  /** Frees the model's networks. Lanes must have been closed. */
  @Override
  void close();

  /**
   * One batch in flight: buffers that are reused from batch to batch. A lane is used by one thread
   * at a time; different lanes of a backend work at the same time.
   */
  interface Lane extends AutoCloseable {
    /**
     * Memory for {@code capacity} tiles of {@code channels × height × width} values of {@link
     * LaneFormat#type}, normalized float32 in native byte order or the field's own, little-endian:
     * the input of {@link #encode} and the output of {@link #decode}. On a GPU this is pinned host
     * memory.
     */
    MemorySegment tiles();

    /**
     * Says what a plane of {@link #tiles} holds, or will be decoded to: needed for each plane of a
     * batch before {@link #encode}, {@link #aliveChannels} and {@link #decode} where the lane was
     * opened for a field's values, and only there. Calls for different planes may come from several
     * threads at once.
     *
     * @param tile number in the batch
     * @param slice slice of the field that the values belong to
     * @param isNormalized whether normalized float32 stand there all the same, from the plane's
     *     first byte on; not with {@link #decode}
     */
    default void plane(int tile, int channel, long slice, boolean isNormalized) {}

    /**
     * Compresses the first {@code count} tiles of {@link #tiles()}.
     *
     * @return streams that stay valid until the lane's next call
     * @throws dev.tessera.field.TesseraException.Unsupported if the model gives no finite latent
     *     for a tile
     */
    PackedBatch encode(int count);

    /**
     * Counts, over the first {@code count} tiles of {@link #tiles()} and the bands of rows into
     * which their latents are cut, how often each channel of the latent has any symbol but zero.
     * Only for models without side information. What {@link #encode} gives does not depend on it.
     *
     * @return one count per channel, at most {@code count × bands}
     */
    long[] aliveChannels(int count);

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
   * @param precisions how its networks compute
   * @param threads threads that the backend's own libraries may use
   * @param workers pool of as many threads for the backend's own parallel work; the codec owns it
   */
  record Settings(Model model, Precisions precisions, int threads, ForkJoinPool workers) {}

  /** Finds and opens one kind of backend; found by {@link java.util.ServiceLoader}. */
  interface Provider {
    /** Name as in {@code --device}: {@code "cpu"}, {@code "cuda"}. */
    String name();

    /**
     * {@code --device auto} takes the usable backend with the largest preference; the CPU has 0.
     */
    int preference();

    /** The same where a pipeline is to be run on a field. */
    default int preferenceFor(PipelineSpec pipeline) {
      return preference();
    }

    /** The same where a model is to be run. */
    default int preferenceForModels() {
      return preference();
    }

    /**
     * Why the backend cannot run this model in these precisions here, and what to do about it;
     * empty where it can.
     */
    Optional<String> unavailable(Model model, Precisions precisions);

    /** Opens the backend for a model. */
    Backend open(Settings settings);

    /** Why the backend cannot code a model's latents with this pipeline; empty where it can. */
    default Optional<String> unavailableBehindModel(PipelineSpec pipeline) {
      return Optional.of("it has no pipelines behind a model: use cpu");
    }

    /**
     * Why the backend cannot run this pipeline on fields of this type here, and what to do about
     * it; empty where it can. Asked before the field is read, and for a file before it is decoded.
     */
    default Optional<String> unavailable(PipelineSpec pipeline, DataType type) {
      return Optional.of("it has no pipelines: use cpu");
    }

    /** Opens the backend for pipelines without a model. */
    default ChunkBackend open(ChunkBackend.Settings settings) {
      throw new TesseraException.Unsupported("the device " + name() + " has no pipelines: use cpu");
    }
  }
}
