package dev.tessera.train;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Turns Ctrl-C and a polite kill into a request: while this is open, the program does not end
 * before the training has finished its step and written its checkpoint.
 */
final class StopSignal implements AutoCloseable {
  /** What a step, a validation and a checkpoint take at most on a machine that still works. */
  private static final long PATIENCE_SECONDS = 120;

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::request, "stop-training");
  private volatile boolean requested;
  private boolean interrupted;

  StopSignal() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void request() {
    requested = true;
    try {
      closed.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Whether to stop. An interrupt counts too; it is put off, since it would fail the checkpoint.
   */
  boolean requested() {
    if (Thread.interrupted()) {
      interrupted = true;
      requested = true;
    }
    return requested;
  }

  @Override
  public void close() {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    closed.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // the program is ending: the hook runs, and has just been told to go on
    }
  }
}
