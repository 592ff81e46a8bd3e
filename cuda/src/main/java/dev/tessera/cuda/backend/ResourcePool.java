package dev.tessera.cuda.backend;

import dev.tessera.cuda.CudaContext;
import dev.tessera.field.TesseraException;
import java.util.ArrayDeque;

/**
 * Resources of lanes that are closed, for the next lanes: page-locked memory is slow to get. Any
 * thread may use it.
 */
final class ResourcePool implements AutoCloseable {
  private final CudaContext context;
  private final ArrayDeque<LaneResources> idle = new ArrayDeque<>();
  private boolean closed;

  ResourcePool(CudaContext context) {
    this.context = context;
  }

  CudaContext context() {
    return context;
  }

  /** Resources of which no memory is in use. */
  LaneResources take() {
    synchronized (this) {
      if (!idle.isEmpty()) {
        return idle.pop();
      }
    }
    return new LaneResources(context);
  }

  /** Takes resources back; work that is still in their stream is waited for. */
  void give(LaneResources resources) {
    try {
      resources.stream().synchronize();
    } catch (TesseraException e) {
      abandon(resources);
      return;
    }
    resources.reset();
    synchronized (this) {
      if (!closed) {
        idle.push(resources);
        return;
      }
    }
    resources.close();
  }

  /**
   * What failed has been reported to whoever waited for it; closing may fail for the same reason.
   */
  private static void abandon(LaneResources resources) {
    try {
      resources.close();
    } catch (TesseraException e) {
      // the driver frees everything with the process
    }
  }

  @Override
  public void close() {
    ArrayDeque<LaneResources> left;
    synchronized (this) {
      closed = true;
      left = new ArrayDeque<>(idle);
      idle.clear();
    }
    left.forEach(LaneResources::close);
  }
}
