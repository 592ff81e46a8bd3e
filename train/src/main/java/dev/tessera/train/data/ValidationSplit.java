package dev.tessera.train.data;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is trained on and what is validated on. Files are held out as a whole, at least one, and of
 * each argument about its share: the kinds of data that a model is made for are those it is judged
 * by. Of an argument's files those are held out whose names have the least hash; names count from
 * the folder that all files share, so that the choice does not depend on where that lies. Of a
 * single file the end of each field's first axis is held out.
 *
 * @param training what is trained on; at least one region
 * @param validation what is validated on; at least one region
 * @param notice a sentence to be told; empty where there is none
 */
record ValidationSplit(List<Region> training, List<Region> validation, String notice) {
  /** Holds out files, or the end of a single one. */
  static ValidationSplit of(List<Dataset> datasets, double share) throws IOException {
    Map<Path, List<Dataset>> files = new LinkedHashMap<>();
    for (Dataset dataset : datasets) {
      files
          .computeIfAbsent(dataset.location().real().file(), file -> new ArrayList<>())
          .add(dataset);
    }
    return files.size() == 1 ? ends(datasets, share) : wholeFiles(datasets, files, share);
  }

  private static ValidationSplit wholeFiles(
      List<Dataset> datasets, Map<Path, List<Dataset>> files, double share) {
    Path shared =
        files.keySet().stream().map(Path::getParent).reduce(ValidationSplit::common).get();
    List<Path> order = new ArrayList<>(files.keySet());
    order.sort(
        Comparator.<Path>comparingLong(file -> hash(shared.relativize(file)))
            .thenComparing(Comparator.naturalOrder()));
    Map<Path, Double> parts = parts(order, files);
    // stable: among equal parts, those with the least hash
    order.sort(Comparator.comparingDouble(parts::get));
    int count = (int) Math.clamp(Math.round(share * order.size()), 1, order.size() - 1);
    Set<Path> heldOut = new HashSet<>(order.subList(0, count));
    List<Region> training = new ArrayList<>();
    List<Region> validation = new ArrayList<>();
    for (Map.Entry<Path, List<Dataset>> entry : files.entrySet()) {
      for (Dataset dataset : entry.getValue()) {
        boolean held = heldOut.contains(entry.getKey());
        (held ? validation : training).add(Region.whole(dataset.field()));
      }
    }
    return new ValidationSplit(training, validation, "");
  }

  /**
   * For each file the part of its argument's files, in their order, that lies before its middle:
   * 1/2 of an argument's only file, 1/4 and 3/4 of two. Of a file that several arguments name, the
   * largest.
   */
  private static Map<Path, Double> parts(List<Path> order, Map<Path, List<Dataset>> files) {
    Map<String, List<Path>> filesOfSpec = new HashMap<>();
    for (Path file : order) {
      files.get(file).stream()
          .map(dataset -> dataset.spec().text())
          .distinct()
          .forEach(text -> filesOfSpec.computeIfAbsent(text, t -> new ArrayList<>()).add(file));
    }
    Map<Path, Double> parts = new HashMap<>();
    for (List<Path> ofSpec : filesOfSpec.values()) {
      for (int i = 0; i < ofSpec.size(); i++) {
        parts.merge(ofSpec.get(i), (i + 0.5) / ofSpec.size(), Math::max);
      }
    }
    return parts;
  }

  private static Path common(Path a, Path b) {
    Path shared = a;
    while (!b.startsWith(shared)) {
      shared = shared.getParent();
    }
    return shared;
  }

  /** The same on every machine. */
  private static long hash(Path relative) {
    long hash = 0;
    for (Path part : relative) {
      hash = new CounterRandom(hash, part.toString().hashCode()).below(Long.MAX_VALUE);
    }
    return hash;
  }

  private static ValidationSplit ends(List<Dataset> datasets, double share) {
    List<Region> training = new ArrayList<>();
    List<Region> validation = new ArrayList<>();
    for (Dataset dataset : datasets) {
      CachedField field = dataset.field();
      long length = field.shape().dim(0);
      long end = length - Math.max(1, Math.round(share * length));
      training.add(end > 0 ? Region.part(field, 0, end) : Region.whole(field));
      if (end > 0) {
        validation.add(Region.part(field, end, length));
      }
    }
    String file = datasets.getFirst().location().file().toString();
    if (validation.isEmpty()) {
      throw new TesseraException.Invalid(
          "'"
              + file
              + "' is a single field of one index along its first axis, so that nothing can"
              + " be held out: name fields to validate on with --validation");
    }
    return new ValidationSplit(
        training,
        validation,
        "there is one file, '"
            + file
            + "': the last "
            + Math.round(100 * share)
            + " % of its first axis is held out for validation, which is near to what is trained"
            + " on; name other files with --validation for an honest figure");
  }

  /** Trains on some datasets and validates on others. */
  static ValidationSplit named(List<Dataset> training, List<Dataset> validation) {
    return new ValidationSplit(
        training.stream().map(dataset -> Region.whole(dataset.field())).toList(),
        validation.stream().map(dataset -> Region.whole(dataset.field())).toList(),
        "");
  }
}
