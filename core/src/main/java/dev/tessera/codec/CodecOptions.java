package dev.tessera.codec;

import dev.tessera.container.StreamPlan;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.transform.NormalizerChoice;
import dev.tessera.transform.Precisions;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How a {@link Codec} works. Start from {@link #DEFAULTS} and change what differs.
 *
 * @param normalizer normalizer to use, or how to choose it, instead of the model's own
 * @param groupAxis axis along which a tile's planes lie; −1 for the third-last
 * @param tileHeight rows of a tile, a multiple of 64 (of 16 for models without side information); 0
 *     chooses (128, or less for smaller fields); −1 for the whole slice
 * @param tileWidth columns of a tile, likewise
 * @param overlap rows and columns that neighbouring tiles share and blend
 * @param profile how streams are coded: compact, or as CompressAI does
 * @param channelsPerStream P; 0 for one stream per tile, in the compatible profile exactly
 *     CompressAI's string
 * @param device backend by name, or {@code auto}
 * @param precisions how the model's networks compute; the CPU knows fp32 alone
 * @param threads threads to use; 0 for all cores
 * @param batch tiles per batch; 0 chooses by size
 * @param inFlight batches in work at the same time; 0 chooses
 * @param embedModel whether a compressed file carries what is needed to decode it
 * @param progress listener
 */
public record CodecOptions(
    Optional<NormalizerChoice> normalizer,
    int groupAxis,
    int tileHeight,
    int tileWidth,
    int overlap,
    StreamPlan.Profile profile,
    int channelsPerStream,
    String device,
    Precisions precisions,
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
      new CodecOptions(
          Optional.empty(),
          -1,
          0,
          0,
          0,
          StreamPlan.Profile.COMPACT,
          64,
          "auto",
          Precisions.DEFAULT,
          0,
          0,
          0,
          false,
          Progress.NONE);

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

  /**
   * These options with a normalizer, written as on the command line ({@code auto} lets it be
   * chosen).
   */
  public CodecOptions withNormalizer(String text) {
    return with(draft -> draft.normalizer = Optional.of(NormalizerChoice.parse(text)));
  }

  /** These options with planes grouped along another axis. */
  public CodecOptions withGroupAxis(int axis) {
    return with(draft -> draft.groupAxis = axis);
  }

  /** These options with another tile size. */
  public CodecOptions withTile(int height, int width) {
    return with(draft -> {
      draft.tileHeight = height;
      draft.tileWidth = width;
    });
  }

  /** These options with overlapping tiles. */
  public CodecOptions withOverlap(int pixels) {
    return with(draft -> draft.overlap = pixels);
  }

  /** These options with streams coded in another way. */
  public CodecOptions withProfile(StreamPlan.Profile other) {
    return with(draft -> draft.profile = other);
  }

  /** These options with another P; {@link #WHOLE} for one stream per tile. */
  public CodecOptions withChannelsPerStream(int p) {
    return with(draft -> draft.channelsPerStream = p);
  }

  /** These options on another device. */
  public CodecOptions withDevice(String name) {
    return with(draft -> draft.device = name);
  }

  /** These options with networks that compute otherwise. */
  public CodecOptions withPrecisions(Precisions other) {
    return with(draft -> draft.precisions = other);
  }

  /**
   * These options with other numbers of threads, tiles per batch and batches in flight; 0 chooses.
   */
  public CodecOptions withWork(int newThreads, int newBatch, int newInFlight) {
    return with(draft -> {
      draft.threads = newThreads;
      draft.batch = newBatch;
      draft.inFlight = newInFlight;
    });
  }

  /** These options with or without the model in the file. */
  public CodecOptions withEmbeddedModel(boolean embed) {
    return with(draft -> draft.embedModel = embed);
  }

  /** These options with a progress listener. */
  public CodecOptions withProgress(Progress listener) {
    return with(draft -> draft.progress = listener);
  }

  private CodecOptions with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.finish();
  }

  /** Options while one of them is changed. */
  private static final class Draft {
    Optional<NormalizerChoice> normalizer;
    int groupAxis;
    int tileHeight;
    int tileWidth;
    int overlap;
    StreamPlan.Profile profile;
    int channelsPerStream;
    String device;
    Precisions precisions;
    int threads;
    int batch;
    int inFlight;
    boolean embedModel;
    Progress progress;

    Draft(CodecOptions from) {
      normalizer = from.normalizer;
      groupAxis = from.groupAxis;
      tileHeight = from.tileHeight;
      tileWidth = from.tileWidth;
      overlap = from.overlap;
      profile = from.profile;
      channelsPerStream = from.channelsPerStream;
      device = from.device;
      precisions = from.precisions;
      threads = from.threads;
      batch = from.batch;
      inFlight = from.inFlight;
      embedModel = from.embedModel;
      progress = from.progress;
    }

    CodecOptions finish() {
      return new CodecOptions(
          normalizer,
          groupAxis,
          tileHeight,
          tileWidth,
          overlap,
          profile,
          channelsPerStream,
          device,
          precisions,
          threads,
          batch,
          inFlight,
          embedModel,
          progress);
    }
  }
}
