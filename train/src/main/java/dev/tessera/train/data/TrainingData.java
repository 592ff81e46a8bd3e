package dev.tessera.train.data;

import com.google.gson.JsonObject;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;

/**
 * Fields of any format, number and size as an endless sequence of batches of normalized crops, and
 * a fixed set of tiles to validate on.
 *
 * <p>A field's normalizer is the one that {@code compress --normalizer auto} would choose, unless
 * one is named, and its numbers are those that the codec finds: across every axis that volumes are
 * cut along. Values are kept in a cache that is mapped into memory, so that what is read lies in
 * the operating system's page cache and not on the heap.
 *
 * <p>Batches and tiles may be asked for by any number of threads at once.
 */
public final class TrainingData implements AutoCloseable {
  /** Metadata key of the normalizers of datasets that are not {@link Model#NORMALIZER}. */
  public static final String NORMALIZERS = "training.normalizers";

  /** Metadata key of what was trained on. */
  public static final String DATA = "training.data";

  /** Metadata key of what was validated on. */
  public static final String VALIDATION = "training.validation";

  /** Crops that are drawn in place of one with nothing to learn from. */
  private static final int ATTEMPTS = 8;

  private final DataOptions options;
  private final List<Dataset> datasets;
  private final List<String> notices;
  private final ValidationSplit split;
  private final Map<CachedField, Double> shares;
  private final CropSampler sampler;
  private final ValidationTiles tiles;

  private TrainingData(
      DataOptions options, List<Dataset> datasets, ValidationSplit split, List<String> notices) {
    this.options = options;
    this.datasets = datasets;
    this.split = split;
    this.notices = notices;
    double[] weights = weights();
    double sum = Arrays.stream(weights).sum();
    this.shares = new HashMap<>();
    for (int i = 0; i < weights.length; i++) {
      shares.merge(split.training().get(i).field(), weights[i] / sum, Double::sum);
    }
    this.sampler = new CropSampler(split.training(), weights, options);
    this.tiles = new ValidationTiles(split.validation(), options);
  }

  /**
   * Opens fields, and brings those into the cache that are not there yet.
   *
   * @param specs files, patterns, fields in files as {@code compress} names them, each with {@code
   *     @normalizer} behind it where it has one of its own
   * @throws TesseraException if one names nothing, or nothing that can be used, or if a file is
   *     damaged
   * @throws IOException if a file cannot be read or the cache not written
   */
  public static TrainingData open(List<String> specs, DataOptions options) throws IOException {
    try (DatasetLoader loader = new DatasetLoader(options)) {
      // what is validated on comes first, so that it cannot be trained on
      List<Dataset> validation = loader.loadValidation(options.validation());
      List<Dataset> training = loader.load(specs);
      requireSome(training, loader, "to train on");
      if (!options.validation().isEmpty()) {
        requireSome(validation, loader, "to validate on");
      }
      ValidationSplit split =
          options.validation().isEmpty()
              ? ValidationSplit.of(training, options.validationShare())
              : ValidationSplit.named(training, validation);
      List<String> notices = new ArrayList<>(loader.notices());
      if (!split.notice().isEmpty()) {
        notices.add(split.notice());
      }
      List<Dataset> all = new ArrayList<>(validation);
      all.addAll(training);
      TrainingData data = new TrainingData(options, all, split, notices);
      loader.keepOpen();
      return data;
    }
  }

  /**
   * Finds the files of arguments without opening them.
   *
   * @throws TesseraException.Invalid if an argument has none, or names a normalizer that is none
   */
  public static void requireFiles(List<String> arguments) throws IOException {
    for (String argument : arguments) {
      DataSpec.parse(argument);
    }
  }

  private static void requireSome(List<Dataset> datasets, DatasetLoader loader, String purpose) {
    if (datasets.isEmpty()) {
      throw new TesseraException.Invalid(
          "there is nothing "
              + purpose
              + (loader.notices().isEmpty()
                  ? ": every field that is named is validated on"
                  : ": " + loader.notices().getFirst()));
    }
  }

  /**
   * Weights of the training regions. Fields that one argument names share its weight, a power of
   * their number of values, in proportion to their sizes.
   */
  private double[] weights() {
    Map<CachedField, String> specs =
        datasets.stream()
            .collect(Collectors.toMap(Dataset::field, dataset -> dataset.spec().text()));
    Map<String, Double> sizes = new HashMap<>();
    for (Region region : split.training()) {
      sizes.merge(specs.get(region.field()), (double) region.shape().elements(), Double::sum);
    }
    return split.training().stream()
        .mapToDouble(region -> {
          double size = sizes.get(specs.get(region.field()));
          return Math.pow(size, options.sizePower()) * region.shape().elements() / size;
        })
        .toArray();
  }

  /** Planes of a crop. */
  public int channels() {
    return options.channels();
  }

  /** Rows and columns of a crop. */
  public int patch() {
    return options.patch();
  }

  /** Values of a crop or tile. */
  public int tileElements() {
    return options.channels() * options.patch() * options.patch();
  }

  /**
   * Fills a batch: a pure function of the options' seed, the step, and how much there is to fill.
   *
   * @param step number of the step, from 0
   * @param target takes as many crops of {@code channels × patch × patch} float32 values, in native
   *     byte order, as it has room for
   */
  public void fill(long step, MemorySegment target) {
    long count = crops(target);
    CropReader reader = new CropReader(options.channels(), options.patch());
    for (long place = 0; place < count; place++) {
      boolean useful = false;
      for (int attempt = 0; attempt < ATTEMPTS && !useful; attempt++) {
        useful = reader.load(sampler.crop(step, place, attempt));
      }
      reader.store(target, place * tileElements());
    }
  }

  /** As {@link #fill(long, MemorySegment)}, from a buffer's position to its limit. */
  public void fill(long step, FloatBuffer target) {
    fill(step, MemorySegment.ofBuffer(target));
  }

  /** How many tiles there are to validate on. */
  public int validationTiles() {
    return tiles.count();
  }

  /**
   * Reads tiles to validate on, cut and normalized as {@code compress} would.
   *
   * @param from the first
   * @param target takes as many as it has room for
   */
  public void fillValidation(int from, MemorySegment target) {
    long count = crops(target);
    CropReader reader = new CropReader(options.channels(), options.patch());
    for (int i = 0; i < count; i++) {
      reader.load(tiles.tile(from + i));
      reader.store(target, (long) i * tileElements());
    }
  }

  /** As {@link #fillValidation(int, MemorySegment)}, of {@code count} tiles from a position on. */
  public void fillValidation(int from, int count, FloatBuffer target) {
    int floats = Math.multiplyExact(count, tileElements());
    fillValidation(from, MemorySegment.ofBuffer(target.slice(target.position(), floats)));
  }

  private long crops(MemorySegment target) {
    long bytes = (long) Float.BYTES * tileElements();
    if (target.byteSize() % bytes != 0) {
      throw new IllegalArgumentException(
          "a batch of crops takes a multiple of " + bytes + " bytes, not " + target.byteSize());
    }
    return target.byteSize() / bytes;
  }

  /**
   * The normalizer that a model trained on this should state: the one that was named for all, else
   * {@code auto}, by which {@code compress} chooses for each field as was done here.
   */
  public String normalizer() {
    List<NormalizerChoice> choices =
        datasets.stream()
            .map(dataset ->
                dataset.spec().normalizer().or(options::normalizer).orElse(NormalizerChoice.AUTO))
            .distinct()
            .toList();
    return (choices.size() == 1 ? choices.getFirst() : NormalizerChoice.AUTO).toString();
  }

  /** What a model file should tell of the data. */
  public Map<String, String> metadata() {
    Map<String, String> metadata = new TreeMap<>();
    metadata.put(Model.NORMALIZER, normalizer());
    Map<String, Map<String, Integer>> normalizers = new LinkedHashMap<>();
    for (Dataset dataset : datasets) {
      normalizers
          .computeIfAbsent(dataset.spec().publicName(), name -> new TreeMap<>())
          .merge(dataset.field().description().normalizer(), 1, Integer::sum);
    }
    JsonObject object = new JsonObject();
    normalizers.forEach((name, counts) ->
        object.addProperty(
            name,
            counts.size() == 1
                ? counts.keySet().iterator().next()
                : counts.entrySet().stream()
                    .map(entry -> entry.getKey() + " (" + entry.getValue() + ")")
                    .collect(Collectors.joining(" "))));
    metadata.put(NORMALIZERS, object.toString());
    metadata.put(DATA, describe(split.training()));
    metadata.put(VALIDATION, describe(split.validation()));
    return metadata;
  }

  /** Arguments with how many fields and values there are of each. */
  private String describe(List<Region> regions) {
    Map<String, long[]> counts = new LinkedHashMap<>();
    for (Dataset dataset : datasets) {
      for (Region region : regions) {
        if (region.field() == dataset.field()) {
          long[] count = counts.computeIfAbsent(dataset.spec().publicName(), n -> new long[2]);
          count[0]++;
          count[1] += region.shape().elements();
        }
      }
    }
    return counts.entrySet().stream()
        .map(entry ->
            "%s: %d field%s, %d values"
                .formatted(
                    entry.getKey(),
                    entry.getValue()[0],
                    entry.getValue()[0] == 1 ? "" : "s",
                    entry.getValue()[1]))
        .collect(Collectors.joining("; "));
  }

  /**
   * What tells these data from others: the number of fields, and a checksum of their names, shapes,
   * parts in training and validation, and of the limits of their planes, which change with the
   * values.
   */
  public String fingerprint() {
    CRC32C crc = new CRC32C();
    for (DatasetSummary field : datasets()) {
      crc.update(field.toString().getBytes(StandardCharsets.UTF_8));
    }
    for (Dataset dataset : datasets) {
      for (Orientation orientation : Orientation.values()) {
        PlaneMaps maps = dataset.field().maps(orientation);
        if (maps != null) {
          crc.update(maps.numbers().toArray(ValueLayout.JAVA_BYTE));
        }
      }
    }
    return "%d field%s, %08x"
        .formatted(datasets.size(), datasets.size() == 1 ? "" : "s", crc.getValue());
  }

  /**
   * The fields, in the order of the arguments; those to validate on first where they were named.
   */
  public List<DatasetSummary> datasets() {
    return datasets.stream()
        .map(dataset -> {
          CachedField field = dataset.field();
          return new DatasetSummary(
              dataset.spec().text(),
              dataset.location().spec(),
              field.shape(),
              DataType.parse(field.description().type()),
              field.description().normalizer(),
              values(split.training(), field),
              values(split.validation(), field),
              field.description().missing(),
              shares.getOrDefault(field, 0.0));
        })
        .toList();
  }

  private static long values(List<Region> regions, CachedField field) {
    return regions.stream()
        .filter(region -> region.field() == field)
        .mapToLong(region -> region.shape().elements())
        .sum();
  }

  /** Sentences that a user should read: what was left out, what is validated on. */
  public List<String> notices() {
    return List.copyOf(notices);
  }

  /** Nobody may be filling batches. */
  @Override
  public void close() {
    datasets.forEach(dataset -> dataset.field().close());
  }
}
