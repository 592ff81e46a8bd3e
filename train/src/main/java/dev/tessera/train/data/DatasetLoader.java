package dev.tessera.train.data;

import dev.tessera.codec.Progress;
import dev.tessera.field.TesseraException;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Opens the fields that arguments name, several files at a time. */
final class DatasetLoader implements AutoCloseable {
  private final DataOptions options;
  private final CacheFolder cache;
  private final ExecutorService threads;
  private final List<String> notices = new ArrayList<>();
  private final Set<DataSpec.Location> seen = new HashSet<>();
  private final List<DataSpec.Location> heldOut = new ArrayList<>();
  private final List<CachedField> opened = new ArrayList<>();
  private final Object told = new Object();
  private boolean kept;
  private long bytesDone;
  private long bytesTotal;

  DatasetLoader(DataOptions options) {
    this.options = options;
    this.cache = new CacheFolder(options.cache());
    int count =
        options.threads() > 0 ? options.threads() : Runtime.getRuntime().availableProcessors();
    this.threads = Executors.newFixedThreadPool(count);
    cache.removeStale();
  }

  /** What could not be used, a sentence each. */
  List<String> notices() {
    return notices;
  }

  /** Opens the fields to validate on, as {@link #load} does; later calls leave them out. */
  List<Dataset> loadValidation(List<String> arguments) throws IOException {
    List<Dataset> loaded = load(arguments);
    heldOut.addAll(seen);
    return loaded;
  }

  /** A file that is named without a field inside might mean any of them. */
  private boolean isHeldOut(DataSpec.Location location) {
    return heldOut.stream()
        .anyMatch(held ->
            held.file().equals(location.file())
                && (held.inner().isEmpty()
                    || location.inner().isEmpty()
                    || held.inner().equals(location.inner())));
  }

  /**
   * Opens the fields of some arguments. A field that an earlier argument named is left out; so are,
   * with a notice, constant fields, and files of a pattern that hold no field.
   *
   * @throws TesseraException if a file is damaged, or one that is named by itself is no field
   */
  List<Dataset> load(List<String> arguments) throws IOException {
    List<Dataset> wanted = new ArrayList<>();
    for (String argument : arguments) {
      DataSpec spec = DataSpec.parse(argument);
      for (DataSpec.Location location : spec.fields()) {
        if (!isHeldOut(location.real()) && seen.add(location.real())) {
          wanted.add(new Dataset(spec, location, null));
          bytesTotal += Files.size(location.file());
        }
      }
    }
    List<Future<CachedField>> futures =
        wanted.stream().map(dataset -> threads.submit(() -> open(dataset))).toList();
    List<Dataset> loaded = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      add(wanted.get(i), futures.get(i), loaded);
    }
    return loaded;
  }

  private CachedField open(Dataset dataset) throws IOException {
    NormalizerChoice choice =
        dataset.spec().normalizer().or(options::normalizer).orElse(NormalizerChoice.AUTO);
    long[] last = {0};
    Progress progress =
        (phase, done, total) -> {
          tell(done - last[0]);
          last[0] = done;
        };
    CachedField field = cache.field(dataset.location(), options.open(), choice, progress);
    synchronized (opened) {
      opened.add(field);
    }
    tell(Files.size(dataset.location().file()) - last[0]);
    return field;
  }

  private void tell(long bytes) {
    synchronized (told) {
      bytesDone += bytes;
      options.progress().update(Progress.Phase.SCAN, bytesDone, bytesTotal);
    }
  }

  private void add(Dataset wanted, Future<CachedField> opened, List<Dataset> loaded)
      throws IOException {
    String name = wanted.location().spec();
    Optional<CachedField> field = get(wanted, opened);
    if (field.isEmpty()) {
      return;
    }
    if (field.get().isConstant()) {
      notices.add(
          "'" + name + "' has one value everywhere, or none: there is nothing to learn from it");
      return;
    }
    loaded.add(new Dataset(wanted.spec(), wanted.location(), field.get()));
  }

  private Optional<CachedField> get(Dataset wanted, Future<CachedField> opened) throws IOException {
    try {
      return Optional.of(opened.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      boolean noField =
          cause instanceof TesseraException.Invalid
              || cause instanceof TesseraException.Unsupported;
      if (noField && wanted.spec().isPattern()) {
        notices.add("'" + wanted.location().spec() + "' is left out: " + cause.getMessage());
        return Optional.empty();
      }
      switch (cause) {
        case IOException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        default -> throw new IllegalStateException(cause);
      }
    }
  }

  /** Leaves the fields that were opened to the caller, who closes them. */
  void keepOpen() {
    kept = true;
  }

  /** Ends the threads, and closes what was opened unless it was kept. */
  @Override
  public void close() {
    threads.shutdownNow();
    threads.close();
    if (!kept) {
      opened.forEach(CachedField::close);
    }
  }
}
