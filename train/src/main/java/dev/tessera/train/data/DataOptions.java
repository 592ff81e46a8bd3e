package dev.tessera.train.data;

import dev.tessera.codec.Progress;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.io.OpenOptions;
import dev.tessera.transform.NormalizerChoice;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How {@link TrainingData} is made of files. Start from {@link #of} and change what differs.
 *
 * @param channels planes of a crop
 * @param patch rows and columns of a crop, a multiple of 16
 * @param seed what all that is random follows from
 * @param normalizer normalizer of every field that names none itself; empty for {@code auto}
 * @param open what is said of raw data and fill values
 * @param validation fields to validate on, named like those to train on; empty to hold some out
 * @param validationShare share of the files that is held out, or of the one file there is, 0 to 0.5
 * @param validationTiles tiles to validate on, at most
 * @param cache folder of the cache
 * @param sizePower a dataset is drawn in proportion to this power of its number of values, 0 to 1:
 *     0 draws all alike, 1 draws all values alike
 * @param jitter share of the crops, 0 to 1, whose values are spread beyond what the limits of their
 *     slices ask for, towards what their own would
 * @param codecAxesOnly whether volumes are cut only as {@code compress} cuts them
 * @param threads threads that read files for the first time; 0 for all cores
 * @param progress is told how many bytes of the files were looked at, by one thread at a time
 */
public record DataOptions(
    int channels,
    int patch,
    long seed,
    Optional<NormalizerChoice> normalizer,
    OpenOptions open,
    List<String> validation,
    double validationShare,
    int validationTiles,
    Path cache,
    double sizePower,
    double jitter,
    boolean codecAxesOnly,
    int threads,
    Progress progress) {

  /** Checks what can be checked without data. */
  public DataOptions {
    validation = List.copyOf(validation);
    require(channels >= 1, "a crop needs at least one channel");
    require(
        patch >= 16 && patch <= 4096 && patch % TileGrid.UNIT == 0,
        "a crop's side is a multiple of 16 up to 4096");
    require(validationShare > 0 && validationShare <= 0.5, "the validation share is up to 0.5");
    require(validationTiles >= 1, "at least one tile is validated on");
    require(sizePower >= 0 && sizePower <= 1, "the power of the sizes is 0 to 1");
    require(jitter >= 0 && jitter <= 1, "the share of jittered crops is 0 to 1");
    require(threads >= 0, "the number of threads is at least 1");
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new TesseraException.Invalid(otherwise);
    }
  }

  /** The usual options for crops of {@code channels × patch × patch}. */
  public static DataOptions of(int channels, int patch, long seed) {
    return new DataOptions(
        channels,
        patch,
        seed,
        Optional.empty(),
        OpenOptions.NONE,
        List.of(),
        0.1,
        256,
        CacheFolder.usual(),
        0.5,
        0,
        false,
        0,
        Progress.NONE);
  }

  /** These options with a normalizer for all. */
  public DataOptions withNormalizer(NormalizerChoice choice) {
    return with(draft -> draft.normalizer = Optional.of(choice));
  }

  /** These options with something said of raw data and fill values. */
  public DataOptions withOpen(OpenOptions options) {
    return with(draft -> draft.open = options);
  }

  /** These options with fields to validate on. */
  public DataOptions withValidation(List<String> specs) {
    return with(draft -> draft.validation = specs);
  }

  /** These options with another share and number of tiles to validate on. */
  public DataOptions withValidation(double share, int tiles) {
    return with(draft -> {
      draft.validationShare = share;
      draft.validationTiles = tiles;
    });
  }

  /** These options with the cache elsewhere. */
  public DataOptions withCache(Path folder) {
    return with(draft -> draft.cache = folder);
  }

  /** These options with datasets drawn in proportion to another power of their sizes. */
  public DataOptions withSizePower(double power) {
    return with(draft -> draft.sizePower = power);
  }

  /** These options with another share of jittered crops. */
  public DataOptions withJitter(double share) {
    return with(draft -> draft.jitter = share);
  }

  /** These options with volumes cut only as the codec does, or along every axis. */
  public DataOptions withCodecAxesOnly(boolean only) {
    return with(draft -> draft.codecAxesOnly = only);
  }

  /** These options with other threads and a listener. */
  public DataOptions withWork(int newThreads, Progress listener) {
    return with(draft -> {
      draft.threads = newThreads;
      draft.progress = listener;
    });
  }

  private DataOptions with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.finish(this);
  }

  /** Options while one of them is changed. */
  private static final class Draft {
    Optional<NormalizerChoice> normalizer;
    OpenOptions open;
    List<String> validation;
    double validationShare;
    int validationTiles;
    Path cache;
    double sizePower;
    double jitter;
    boolean codecAxesOnly;
    int threads;
    Progress progress;

    Draft(DataOptions from) {
      normalizer = from.normalizer;
      open = from.open;
      validation = from.validation;
      validationShare = from.validationShare;
      validationTiles = from.validationTiles;
      cache = from.cache;
      sizePower = from.sizePower;
      jitter = from.jitter;
      codecAxesOnly = from.codecAxesOnly;
      threads = from.threads;
      progress = from.progress;
    }

    DataOptions finish(DataOptions from) {
      return new DataOptions(
          from.channels,
          from.patch,
          from.seed,
          normalizer,
          open,
          validation,
          validationShare,
          validationTiles,
          cache,
          sizePower,
          jitter,
          codecAxesOnly,
          threads,
          progress);
    }
  }
}
