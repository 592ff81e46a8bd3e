package dev.tessera.codec;

import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;

/**
 * A loop whose rounds run on the threads of a pool. When it is left, in whatever way, no round runs
 * any more, so that the memory they work on may be freed.
 */
public final class ParallelLoop {
  private final int count;
  private final IntConsumer work;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  private ParallelLoop(int count, IntConsumer work) {
    this.count = count;
    this.work = work;
  }

  /**
   * Runs {@code work} for 0 to {@code count − 1} and waits. The first round that throws ends the
   * loop with what it threw.
   *
   * @param what the rounds, for a message: {@code "chunks"}
   * @throws TesseraException.Unsupported if there is not enough memory for a round
   * @throws CancellationException if the calling thread was interrupted; rounds have ended then
   */
  public static void run(ForkJoinPool workers, int count, String what, IntConsumer work) {
    if (count == 1) {
      work.accept(0);
      return;
    }
    ParallelLoop loop = new ParallelLoop(count, work);
    List<ForkJoinTask<?>> tasks = new ArrayList<>();
    for (int i = 0; i < Math.min(count, workers.getParallelism()); i++) {
      tasks.add(workers.submit(loop::takeRounds));
    }
    tasks.forEach(ForkJoinTask::quietlyJoin);
    loop.finish(what);
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("interrupted");
    }
  }

  private void takeRounds() {
    for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
      try {
        work.accept(i);
      } catch (Throwable e) {
        failure.compareAndSet(null, e);
        next.set(count);
      }
    }
  }

  private void finish(String what) {
    switch (failure.get()) {
      case null -> {}
      case OutOfMemoryError _ ->
          throw new TesseraException.Unsupported(
              "there is not enough memory for "
                  + count
                  + " "
                  + what
                  + " at a time: use --batch 1, or a larger -Xmx");
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }
}
