package dev.tessera.codec;

import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.transform.NormalizerSpec;
import java.util.Optional;

/**
 * How a {@link Codec} works. Start from {@link #DEFAULTS} and change what differs.
 *
 * @param normalizer normalizer to use instead of the model's own
 * @param groupAxis axis along which a tile's planes lie; −1 for the third-last
 * @param tileHeight rows of a tile, a multiple of 64 (of 16 for models without side information); 0
 *     chooses (128, or less for smaller fields); −1 for the whole slice
 * @param tileWidth columns of a tile, likewise
 * @param overlap rows and columns that neighbouring tiles share and blend
 * @param channelsPerStream P; 0 for one stream per tile, exactly CompressAI's string
 * @param device backend by name, or {@code auto}
 * @param threads threads to use; 0 for all cores
 * @param batch tiles per batch; 0 chooses by size
 * @param inFlight batches in work at the same time; 0 chooses
 * @param embedModel whether a compressed file carries what is needed to decode it
 * @param progress listener
 */
public record CodecOptions(
    Optional<NormalizerSpec> normalizer,
    int groupAxis,
    int tileHeight,
    int tileWidth,
    int overlap,
    int channelsPerStream,
    String device,
    int threads,
    int batch,
    int inFlight,
    boolean embedModel,
    Progress progress) {

  /** One stream per tile: {@code -P all}. */
  public static final int WHOLE = 0;

  /** Tiles of the whole slice: {@code --tile full}. */
  public static final int FULL = -1;

  /** What the command line does when nothing is said. */
  public static final CodecOptions DEFAULTS =
      new CodecOptions(Optional.empty(), -1, 0, 0, 0, 64, "auto", 0, 0, 0, false, Progress.NONE);

  /** Checks what can be checked without a field. */
  public CodecOptions {
    require(groupAxis >= -1, "the group axis counts from 0");
    require(
        sensibleTile(tileHeight) && sensibleTile(tileWidth), "a tile's sides are multiples of 16");
    require(overlap >= 0, "the overlap is not negative");
    require(channelsPerStream >= 0, "P is at least 1");
    require(threads >= 0, "the number of threads is at least 1");
    require(batch >= 0, "the batch is at least 1");
    require(inFlight >= 0, "the number of batches in flight is at least 1");
  }

  private static boolean sensibleTile(int side) {
    return side >= FULL && (side == FULL || side % TileGrid.UNIT == 0);
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new TesseraException.Invalid(otherwise);
    }
  }

  /** These options with a normalizer, written as on the command line. */
  public CodecOptions withNormalizer(String text) {
    return with(Optional.of(NormalizerSpec.parse(text)), groupAxis, tileHeight, tileWidth, overlap);
  }

  /** These options with planes grouped along another axis. */
  public CodecOptions withGroupAxis(int axis) {
    return with(normalizer, axis, tileHeight, tileWidth, overlap);
  }

  /** These options with another tile size. */
  public CodecOptions withTile(int height, int width) {
    return with(normalizer, groupAxis, height, width, overlap);
  }

  /** These options with overlapping tiles. */
  public CodecOptions withOverlap(int pixels) {
    return with(normalizer, groupAxis, tileHeight, tileWidth, pixels);
  }

  private CodecOptions with(
      Optional<NormalizerSpec> newNormalizer, int axis, int height, int width, int newOverlap) {
    return new CodecOptions(
        newNormalizer,
        axis,
        height,
        width,
        newOverlap,
        channelsPerStream,
        device,
        threads,
        batch,
        inFlight,
        embedModel,
        progress);
  }

  /** These options with another P; {@link #WHOLE} for one stream per tile. */
  public CodecOptions withChannelsPerStream(int p) {
    return new CodecOptions(
        normalizer,
        groupAxis,
        tileHeight,
        tileWidth,
        overlap,
        p,
        device,
        threads,
        batch,
        inFlight,
        embedModel,
        progress);
  }

  /** These options on another device. */
  public CodecOptions withDevice(String name) {
    return new CodecOptions(
        normalizer,
        groupAxis,
        tileHeight,
        tileWidth,
        overlap,
        channelsPerStream,
        name,
        threads,
        batch,
        inFlight,
        embedModel,
        progress);
  }

  /**
   * These options with other numbers of threads, tiles per batch and batches in flight; 0 chooses.
   */
  public CodecOptions withWork(int newThreads, int newBatch, int newInFlight) {
    return new CodecOptions(
        normalizer,
        groupAxis,
        tileHeight,
        tileWidth,
        overlap,
        channelsPerStream,
        device,
        newThreads,
        newBatch,
        newInFlight,
        embedModel,
        progress);
  }

  /** These options with or without the model in the file. */
  public CodecOptions withEmbeddedModel(boolean embed) {
    return new CodecOptions(
        normalizer,
        groupAxis,
        tileHeight,
        tileWidth,
        overlap,
        channelsPerStream,
        device,
        threads,
        batch,
        inFlight,
        embed,
        progress);
  }

  /** These options with a progress listener. */
  public CodecOptions withProgress(Progress listener) {
    return new CodecOptions(
        normalizer,
        groupAxis,
        tileHeight,
        tileWidth,
        overlap,
        channelsPerStream,
        device,
        threads,
        batch,
        inFlight,
        embedModel,
        listener);
  }
}
