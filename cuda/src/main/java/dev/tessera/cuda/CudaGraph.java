package dev.tessera.cuda;

/** Work recorded by {@link CudaStream#capture}, launched again as one. */
public final class CudaGraph implements AutoCloseable {
  private final CudaContext context;
  private long handle;

  CudaGraph(CudaContext context, long handle) {
    this.context = context;
    this.handle = handle;
  }

  /** Puts the whole work into a stream. */
  public void launch(CudaStream stream) {
    if (handle == 0) {
      throw new IllegalStateException("the graph is closed");
    }
    context.makeCurrent();
    StreamCalls.launchGraph(handle, stream.handle());
  }

  @Override
  public void close() {
    if (handle != 0) {
      context.makeCurrent();
      long closing = handle;
      handle = 0;
      StreamCalls.destroyExecutable(closing);
    }
  }
}
