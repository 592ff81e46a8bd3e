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

/**
 * Keeps several batches in flight: the calling thread prepares and finishes them in order, threads
 * of an executor do the work in between. Interrupting the calling thread stops everything with a
 * {@link CancellationException}.
 *
 * @param <B> a batch
 */
abstract class BatchPipeline<B> {
  /** Fills the lane with the next batch; null when there is none. */
  abstract B prepare(Backend.Lane lane) throws IOException;

  /** The work on a batch, on another thread. */
  abstract void work(Backend.Lane lane, B batch);

  /** Takes the results out of the lane, in the order of preparation. */
  abstract void finish(Backend.Lane lane, B batch) throws IOException;

  private record InFlight<B>(Backend.Lane lane, B batch, Future<?> result) {}

  /** Runs all batches over {@code inFlight} lanes. */
  final void run(
      Backend backend, TileFormat format, int capacity, int inFlight, ExecutorService executor)
      throws IOException {
    ArrayDeque<InFlight<B>> queue = new ArrayDeque<>();
    ArrayDeque<Backend.Lane> free = new ArrayDeque<>();
    List<Backend.Lane> lanes = new ArrayList<>();
    try {
      while (true) {
        if (Thread.currentThread().isInterrupted()) {
          throw new CancellationException("interrupted");
        }
        if (free.isEmpty() && lanes.size() < inFlight) {
          Backend.Lane lane = backend.openLane(format, capacity);
          lanes.add(lane);
          free.add(lane);
        }
        if (free.isEmpty()) {
          free.add(finishOldest(queue));
        }
        Backend.Lane lane = free.remove();
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
      for (InFlight<B> left : queue) {
        awaitQuietly(left.result());
      }
      lanes.forEach(Backend.Lane::close);
    }
  }

  private Backend.Lane finishOldest(ArrayDeque<InFlight<B>> queue) throws IOException {
    InFlight<B> oldest = queue.element();
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
