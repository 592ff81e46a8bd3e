package dev.tessera.codec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Keeps several batches in flight: the calling thread prepares and finishes them in order, threads
 * of an executor do the work in between. Interrupting the calling thread stops everything with a
 * {@link CancellationException}.
 *
 * @param <L> what holds a batch in flight, reused from batch to batch
 * @param <B> a batch
 */
abstract class BatchPipeline<L extends AutoCloseable, B> {
  /** Fills the lane with the next batch; null when there is none. */
  abstract B prepare(L lane) throws IOException;

  /** The work on a batch, on another thread. */
  abstract void work(L lane, B batch);

  /** Takes the results out of the lane, in the order of preparation. */
  abstract void finish(L lane, B batch) throws IOException;

  private record InFlight<L, B>(L lane, B batch, Future<?> result) {}

  /**
   * Runs all batches over at most {@code inFlight} lanes.
   *
   * @param open makes a lane
   */
  final void run(Supplier<? extends L> open, int inFlight, ExecutorService executor)
      throws IOException {
    ArrayDeque<InFlight<L, B>> queue = new ArrayDeque<>();
    ArrayDeque<L> free = new ArrayDeque<>();
    List<L> lanes = new ArrayList<>();
    try {
      while (true) {
        if (Thread.currentThread().isInterrupted()) {
          throw new CancellationException("interrupted");
        }
        if (free.isEmpty() && lanes.size() < inFlight) {
          L lane = open.get();
          lanes.add(lane);
          free.add(lane);
        }
        if (free.isEmpty()) {
          free.add(finishOldest(queue));
        }
        L lane = free.remove();
        B batch = prepare(lane);
        if (batch == null) {
          break;
        }
        queue.add(new InFlight<>(lane, batch, executor.submit(() -> work(lane, batch))));
      }
      while (!queue.isEmpty()) {
        finishOldest(queue);
      }
    } finally {
      // a lane must not be closed while a thread works on it
      for (InFlight<L, B> left : queue) {
        awaitQuietly(left.result());
      }
      lanes.forEach(BatchPipeline::close);
    }
  }

  private L finishOldest(ArrayDeque<InFlight<L, B>> queue) throws IOException {
    InFlight<L, B> oldest = queue.element();
    try {
      oldest.result().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case UncheckedIOException io -> throw io.getCause();
        case RuntimeException runtime -> throw runtime;
        case Error error -> throw error;
        default -> throw new IllegalStateException(e.getCause());
      }
    }
    queue.remove();
    finish(oldest.lane(), oldest.batch());
    return oldest.lane();
  }

  private static void close(AutoCloseable lane) {
    try {
      lane.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void awaitQuietly(Future<?> result) {
    boolean interrupted = false;
    while (true) {
      try {
        result.get();
      } catch (InterruptedException e) {
        interrupted = true;
        continue;
      } catch (ExecutionException | CancellationException e) {
        // another failure is already on its way to the caller
      }
      break;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
