package dev.tessera.synth;

import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Synthetic data that models are trained on. The same kind, count, size and seed give the same
 * bytes on every machine; the first items of a larger set are those of a smaller one.
 */
public final class TrainingSet {
  /** What a set consists of. */
  public enum Kind {
    /** Cosmological boxes: default, varied and of linear theory. */
    COSMO(256, 24),
    /** All families of fields. */
    GENERAL(128, 126);

    private final int size;
    private final int count;

    Kind(int size, int count) {
      this.size = size;
      this.count = count;
    }

    /**
     * Cells along an axis, if nothing else is asked for; of general data along an axis of a cube,
     * while other shapes have about as many cells.
     */
    public int defaultSize() {
      return size;
    }

    /** Items, if nothing else is asked for. */
    public int defaultCount() {
      return count;
    }

    /** As it is written on the command line. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Fields that are made together.
   *
   * @param name unique in its set
   * @param description what it is made with, as text for people
   * @param memory bytes of heap that making it takes
   * @param fields makes them; by the name of each
   */
  public record Item(
      String name,
      long seed,
      String description,
      long memory,
      Supplier<Map<String, Field>> fields) {}

  /** Takes finished fields, from several threads at once. */
  public interface Sink {
    void accept(Item item, Map<String, Field> fields);
  }

  private static final int LEAST_SIZE = 16;
  private static final int MOST_SIZE = 640;

  private final List<Item> items;

  /**
   * @param count items of the set, at least 1
   * @param size cells along an axis
   * @throws TesseraException.Invalid if count or size are out of range
   */
  public TrainingSet(Kind kind, int count, int size, long seed) {
    if (count < 1) {
      throw new TesseraException.Invalid("a training set has at least one item, not " + count);
    }
    if (size < LEAST_SIZE || size > MOST_SIZE) {
      throw new TesseraException.Invalid(
          "fields of a training set have %d to %d cells along an axis, not %d"
              .formatted(LEAST_SIZE, MOST_SIZE, size));
    }
    this.items =
        switch (kind) {
          case COSMO -> CosmologySet.items(count, size, seed);
          case GENERAL -> GeneralSet.items(count, size, seed);
        };
  }

  /** In the order of the set. */
  public List<Item> items() {
    return items;
  }

  /**
   * Makes all items, as many at a time as processors and heap allow.
   *
   * @throws TesseraException.Unsupported if the heap is too small for one item
   */
  public void generate(Sink sink) {
    long most = items.stream().mapToLong(Item::memory).max().orElseThrow();
    long heap = Runtime.getRuntime().maxMemory();
    int processors = Runtime.getRuntime().availableProcessors();
    long usable = heap / 4 * 3; // large arrays leave gaps that none fits into
    int workers = Math.clamp(usable / most, 1, Math.min(items.size(), processors));
    int threads = Math.max(1, processors / workers);
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(workers)) {
      for (Item item : items) {
        running.add(executor.submit(() -> generate(item, threads, sink)));
      }
      for (Future<?> one : running) {
        await(one, executor);
      }
    }
  }

  /**
   * The parallel loops of one item run in a pool of its own, so that items do not wait for others.
   */
  private static void generate(Item item, int threads, Sink sink) {
    try (ForkJoinPool pool = new ForkJoinPool(threads)) {
      await(pool.submit(() -> sink.accept(item, item.fields().get())), pool);
    }
  }

  private static void await(Future<?> future, ExecutorService executor) {
    try {
      future.get();
    } catch (ExecutionException e) {
      executor.shutdownNow();
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      executor.shutdownNow();
      Thread.currentThread().interrupt();
      throw new TesseraException.Unsupported("interrupted while making a training set");
    }
  }
}
