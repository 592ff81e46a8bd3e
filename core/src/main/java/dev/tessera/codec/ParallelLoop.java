package dev.tessera.codec;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** A loop whose rounds run on the threads of a pool. */
public final class ParallelLoop {
  private ParallelLoop() {}

  /**
   * Runs {@code work} for 0 to {@code count − 1} and waits.
   *
   * @param what the rounds, for a message: {@code "chunks"}
   * @throws TesseraException what a round threw
   * @throws UncheckedIOException what a round threw
   */
  public static void run(ForkJoinPool workers, int count, String what, IntConsumer work) {
    if (count == 1) {
      work.accept(0);
      return;
    }
    ForkJoinTask<?> task = workers.submit(() -> IntStream.range(0, count).parallel().forEach(work));
    try {
      task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    } catch (ExecutionException e) {
      Throwable root = rootOf(e);
      if (root instanceof TesseraException tessera) {
        throw tessera;
      }
      if (root instanceof IOException io) {
        throw new UncheckedIOException(io);
      }
      if (root instanceof OutOfMemoryError) {
        throw new TesseraException.Unsupported(
            "there is not enough memory for "
                + count
                + " "
                + what
                + " at a time: use --batch 1, or a larger -Xmx");
      }
      throw rethrown(e.getCause());
    }
  }

  private static RuntimeException rethrown(Throwable wrapped) {
    Throwable thrown = wrapped;
    while (thrown.getCause() != null && thrown.getCause().getClass() == thrown.getClass()) {
      thrown = thrown.getCause();
    }
    return switch (thrown) {
      case RuntimeException runtime -> runtime;
      case Error error -> throw error;
      default -> new IllegalStateException(thrown);
    };
  }

  /** The pool wraps exceptions of its threads, sometimes in another of their own kind. */
  private static Throwable rootOf(Throwable e) {
    Throwable root = e;
    while (!(root instanceof TesseraException || root instanceof IOException)
        && root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }
}
