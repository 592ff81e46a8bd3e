package dev.tessera.train;

import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * Makes the batches of the next steps ready on several threads. A batch depends on its step alone,
 * so their order does not matter.
 *
 * <p>For a GPU they lie in pinned memory of libtorch's own allocator, which gives memory out again
 * only after the copies from it have ended: nobody here has to wait for a copy.
 */
final class Prefetcher implements AutoCloseable {
  /** Batches ready or in work per thread. */
  private static final int AHEAD = 2;

  /** Fills the batch of a step; called from several threads at once. */
  @FunctionalInterface
  interface Source {
    void fill(long step, FloatBuffer target);
  }

  private final Source source;
  private final long[] shape;
  private final boolean pinned;
  private final ExecutorService threads;
  private final Queue<Future<Tensor>> ready = new ArrayDeque<>();
  private long next;

  /**
   * @param shape batch, channels, height, width
   * @param first step that is taken first
   * @param threadCount threads that fill batches
   * @param pinned whether batches lie in pinned memory
   */
  Prefetcher(Source source, long[] shape, long first, int threadCount, boolean pinned) {
    this.source = source;
    this.shape = shape;
    this.pinned = pinned;
    this.next = first;
    this.threads =
        Executors.newFixedThreadPool(
            threadCount, Thread.ofPlatform().daemon().name("batches-", 0).factory());
    for (int i = 0; i < AHEAD * threadCount; i++) {
      submit();
    }
  }

  private void submit() {
    long step = next++;
    ready.add(threads.submit(() -> batch(step)));
  }

  private Tensor batch(long step) {
    TensorOptions options =
        new TensorOptions(torch.ScalarType.Float).pinned_memory(new BoolOptional(pinned));
    Tensor batch = torch.empty(shape, options, new MemoryFormatOptional());
    source.fill(step, batch.data_ptr_float().capacity(batch.numel()).asBuffer());
    return batch;
  }

  /** The next step's batch on the host; the caller closes it. */
  Tensor take() {
    Future<Tensor> batch = ready.remove();
    submit();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return batch.get();
        } catch (InterruptedException e) {
          interrupted = true; // the step is finished first: the loop looks at this between steps
        }
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
    threads.close();
    for (Future<Tensor> batch : ready) {
      if (batch.state() == Future.State.SUCCESS) {
        batch.resultNow().close();
      }
    }
  }
}
