package dev.tessera.io;

import dev.tessera.field.TesseraException;
import io.jhdf.HdfFile;
import io.jhdf.api.Attribute;
import io.jhdf.api.Dataset;
import io.jhdf.api.Group;
import io.jhdf.api.Node;
import io.jhdf.exceptions.HdfFilterException;
import io.jhdf.exceptions.HdfInvalidPathException;
import io.jhdf.exceptions.UnsupportedHdfException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * An open HDF5 file: finds datasets, and turns whatever the HDF5 library throws on damaged files
 * into one sentence.
 */
final class Hdf5File implements Closeable {
  private static final int MAX_LISTED = 20;
  private static final List<String> REFERRING_ATTRIBUTES =
      List.of("coordinates", "bounds", "climatology", "grid_mapping");

  private final Path path;
  private final FileChannel channel;
  private final HdfFile file;

  private Hdf5File(Path path, FileChannel channel, HdfFile file) {
    this.path = path;
    this.channel = channel;
    this.file = file;
  }

  static Hdf5File open(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      // Through a channel the library reads instead of mapping each chunk on its own, which would
      // exhaust the number of mappings a process may have.
      HdfFile file =
          guard(path, () -> new HdfFile(new Hdf5Channel(channel), path.toAbsolutePath().toUri()));
      return new Hdf5File(path, channel, file);
    } catch (RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Runs {@code action} on this file; see {@link #guard(Path, Supplier)}. */
  <T> T guard(Supplier<T> action) {
    return guard(path, action);
  }

  /**
   * Runs a call of the library. On damaged files it fails in every way there is, running out of
   * memory or stack included.
   */
  private static <T> T guard(Path path, Supplier<T> action) {
    try {
      return action.get();
    } catch (TesseraException e) {
      throw e;
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
      throw translate(path, e);
    }
  }

  private static TesseraException translate(Path path, Throwable failure) {
    int depth = 0;
    for (Throwable t = failure; t != null && depth < 32; t = t.getCause(), depth++) {
      boolean filterMissing =
          t instanceof HdfFilterException
              && String.valueOf(t.getMessage()).contains("not available");
      if (t instanceof UnsupportedHdfException || filterMissing) {
        return new TesseraException.Unsupported(
            "'"
                + path
                + "' uses a part of HDF5 that is not read here ("
                + oneLine(t)
                + "): rewrite it with h5repack, without virtual or external data and with no"
                + " compression but gzip");
      }
    }
    return new TesseraException.Corrupt(
        "'" + path + "' is damaged or not an HDF5 file (" + oneLine(failure) + ")", -1, failure);
  }

  private static String oneLine(Throwable failure) {
    String message = failure.getMessage();
    return message == null
        ? failure.getClass().getSimpleName()
        : message.replaceAll("\\s+", " ").strip();
  }

  Path path() {
    return path;
  }

  /** Where address 0 of the file lies, behind a user block if it has one. */
  long baseOffset() {
    return file.getUserBlockSize();
  }

  /** Attributes of the root group: in NetCDF-4 those of the file. */
  Group root() {
    return file;
  }

  /**
   * The name of the dataset at an address, looked for in the group of {@code near} and those around
   * it, which is where NetCDF-4 has the dimensions of a variable; null if it is not there.
   */
  static String nameAt(Dataset near, long address) {
    Group group = near.getParent();
    while (group != null) {
      for (Node node : group) {
        if (!node.isLink() && node.getAddress() == address) {
          return node.getName();
        }
      }
      group = group.getParent();
    }
    return null;
  }

  /**
   * The dataset that {@code inner} names, or if that is empty or a group, the only numeric array
   * there (single values count where there is no array) that is neither a dimension scale nor an
   * auxiliary coordinate of another.
   *
   * @throws TesseraException.Invalid if there is none, or a choice to make; the message lists them
   */
  Dataset dataset(String inner) {
    String name = inner.strip().replaceFirst("^/+", "").replaceFirst("/+$", "");
    Node node = file;
    if (!name.isEmpty()) {
      node = guard(() -> find(name));
      if (node == null) {
        throw new TesseraException.Invalid(
            "'" + path + "' has no dataset '" + name + "': " + list(candidates(file)));
      }
    }
    if (node instanceof Dataset dataset) {
      return dataset;
    }
    if (!(node instanceof Group group)) {
      throw new TesseraException.Invalid(
          "'" + name + "' in '" + path + "' is not a dataset: " + list(candidates(file)));
    }
    List<Dataset> candidates = candidates(group);
    if (candidates.size() != 1) {
      String problem = candidates.isEmpty() ? "has no dataset to read: " : "has several datasets: ";
      throw new TesseraException.Invalid("'" + path + "' " + problem + list(candidates));
    }
    return candidates.getFirst();
  }

  private Node find(String name) {
    try {
      return file.getByPath(name);
    } catch (HdfInvalidPathException e) {
      return null;
    }
  }

  private List<Dataset> candidates(Group group) {
    return guard(() -> {
      List<Dataset> all = numericDatasets(group);
      Set<String> helpers = helpers(all);
      List<Dataset> fields =
          all.stream().filter(d -> !isDimensionScale(d) && !helpers.contains(d.getName())).toList();
      List<Dataset> arrays =
          fields.stream().filter(d -> d.getDimensionsAsLong().length > 0).toList();
      return arrays.isEmpty() ? fields : arrays;
    });
  }

  /** Groups may be linked in circles, so each object is visited once. */
  private static List<Dataset> numericDatasets(Group root) {
    List<Dataset> found = new ArrayList<>();
    Set<Long> seen = new HashSet<>(Set.of(root.getAddress()));
    Deque<Group> groups = new ArrayDeque<>(List.of(root));
    while (!groups.isEmpty()) {
      for (Node node : groups.removeFirst()) {
        if (node.isLink() || !seen.add(node.getAddress())) {
          continue;
        }
        if (node instanceof Group group) {
          groups.addLast(group);
        } else if (node instanceof Dataset dataset
            && dataset.getSize() > 0
            && Hdf5Type.isReadable(dataset.getDataType())) {
          found.add(dataset);
        }
      }
    }
    return found;
  }

  private static boolean isDimensionScale(Dataset dataset) {
    return "DIMENSION_SCALE".equals(text(dataset, "CLASS"));
  }

  /** The variables that the CF conventions let others refer to. */
  private static Set<String> helpers(List<Dataset> datasets) {
    Set<String> helpers = new HashSet<>();
    for (Dataset dataset : datasets) {
      for (String attribute : REFERRING_ATTRIBUTES) {
        String names = text(dataset, attribute);
        if (names != null) {
          helpers.addAll(List.of(names.strip().split("[\\s:]+")));
        }
      }
    }
    return helpers;
  }

  /** The text of a string attribute, or null. */
  static String text(Node node, String name) {
    Attribute attribute = node.getAttribute(name);
    return attribute != null && attribute.getData() instanceof String text ? text : null;
  }

  private String list(List<Dataset> candidates) {
    if (candidates.isEmpty()) {
      return "it holds no numeric dataset";
    }
    StringBuilder list = new StringBuilder("name one, as in ");
    list.append(path.getFileName()).append(':').append(candidates.getFirst().getPath());
    list.append("; it holds ");
    for (int i = 0; i < Math.min(MAX_LISTED, candidates.size()); i++) {
      list.append(i == 0 ? "" : ", ").append(describe(candidates.get(i)));
    }
    int more = candidates.size() - MAX_LISTED;
    return more > 0 ? list + " and " + more + " more" : list.toString();
  }

  private static String describe(Dataset dataset) {
    StringBuilder shape = new StringBuilder();
    for (long dim : dataset.getDimensionsAsLong()) {
      shape.append(shape.isEmpty() ? "" : "x").append(dim);
    }
    return dataset.getPath() + " (" + shape + " " + Hdf5Type.name(dataset.getDataType()) + ")";
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
