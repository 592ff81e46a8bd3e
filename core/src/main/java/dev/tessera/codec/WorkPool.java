package dev.tessera.codec;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;

/**
 * The threads of a codec.
 *
 * @param threads threads that compute at the same time
 * @param workers as many threads, for work within a batch
 * @param lanes a thread for each batch in flight
 */
record WorkPool(int threads, ForkJoinPool workers, ExecutorService lanes) implements AutoCloseable {
  /** The threads that the options ask for. */
  static WorkPool of(CodecOptions options) {
    int threads =
        options.threads() > 0 ? options.threads() : Runtime.getRuntime().availableProcessors();
    return new WorkPool(
        threads,
        new ForkJoinPool(threads),
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("tessera-lane-", 0).factory()));
  }

  /** Waits for nothing. */
  @Override
  public void close() {
    lanes.shutdownNow();
    workers.shutdownNow();
  }
}
