package dev.tessera.cuda;

/** A point in a stream, with the time at which it was reached. */
public final class CudaEvent implements AutoCloseable {
  private final CudaContext context;
  private long handle;

  CudaEvent(CudaContext context, long handle) {
    this.context = context;
    this.handle = handle;
  }

  long handle() {
    if (handle == 0) {
      throw new IllegalStateException("the event is closed");
    }
    return handle;
  }

  /** Whether all work before it is done. */
  public boolean done() {
    context.makeCurrent();
    return StreamCalls.eventDone(handle());
  }

  /** Blocks the calling thread until all work before it is done. */
  public void synchronize() {
    context.makeCurrent();
    StreamCalls.synchronizeEvent(handle());
  }

  /** Milliseconds of device time since {@code start}; both must be done. */
  public float millisecondsSince(CudaEvent start) {
    context.makeCurrent();
    return StreamCalls.elapsedMilliseconds(start.handle(), handle());
  }

  @Override
  public void close() {
    if (handle != 0) {
      context.makeCurrent();
      long closing = handle;
      handle = 0;
      StreamCalls.destroyEvent(closing);
    }
  }
}
