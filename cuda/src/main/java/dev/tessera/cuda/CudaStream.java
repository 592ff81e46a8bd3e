package dev.tessera.cuda;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;

/**
 * Work that the device does in order. Only {@link #synchronize} waits. A copy between device and
 * host memory is asynchronous where the host memory is page-locked ({@link PinnedArena}); host
 * memory must stay valid until the copy is done.
 */
public final class CudaStream implements AutoCloseable {
  private final CudaContext context;
  private long handle;

  CudaStream(CudaContext context, long handle) {
    this.context = context;
    this.handle = handle;
  }

  /** The driver's CUstream. */
  public long handle() {
    if (handle == 0) {
      throw new IllegalStateException("the stream is closed");
    }
    return handle;
  }

  /** The context that it belongs to. */
  public CudaContext context() {
    return context;
  }

  private long use() {
    context.makeCurrent();
    return handle();
  }

  /** Copies native host memory to the device; both have the same size. */
  public void upload(DeviceBuffer to, MemorySegment from) {
    requireNative(from);
    requireEqual(to.bytes(), from.byteSize());
    if (to.bytes() > 0) {
      StreamCalls.upload(to.address(), from, to.bytes(), use());
    }
  }

  /** Copies from the device into native host memory; both have the same size. */
  public void download(MemorySegment to, DeviceBuffer from) {
    requireNative(to);
    requireEqual(to.byteSize(), from.bytes());
    if (to.isReadOnly()) {
      throw new TesseraException.Invalid("device memory cannot be copied into read-only memory");
    }
    if (from.bytes() > 0) {
      StreamCalls.download(to, from.address(), from.bytes(), use());
    }
  }

  /** Copies on the device; both have the same size. */
  public void copy(DeviceBuffer to, DeviceBuffer from) {
    requireEqual(to.bytes(), from.bytes());
    if (to.bytes() > 0) {
      StreamCalls.copy(to.address(), from.address(), to.bytes(), use());
    }
  }

  /** Sets every byte to the low byte of {@code value}. */
  public void fill(DeviceBuffer to, int value) {
    if (to.bytes() > 0) {
      StreamCalls.fill(to.address(), (byte) value, to.bytes(), use());
    }
  }

  /** Sets every 32-bit word; address and size are multiples of 4. */
  public void fillInts(DeviceBuffer to, int value) {
    if (to.address() % Integer.BYTES != 0 || to.bytes() % Integer.BYTES != 0) {
      throw new TesseraException.Invalid(
          "address and size of a buffer to fill with integers must be multiples of 4");
    }
    if (to.bytes() > 0) {
      StreamCalls.fillInts(to.address(), value, to.bytes() / Integer.BYTES, use());
    }
  }

  /** Lets {@code event} happen when all work so far is done. */
  public void record(CudaEvent event) {
    StreamCalls.record(event.handle(), use());
  }

  /** Lets later work wait for an event of another stream. */
  public void await(CudaEvent event) {
    StreamCalls.await(use(), event.handle());
  }

  /** Blocks the calling thread until all work is done; errors of kernels show here. */
  public void synchronize() {
    StreamCalls.synchronize(use());
  }

  /**
   * Records what {@code work} puts into this stream instead of doing it. Inside, nothing may wait
   * for the device or allocate; addresses and arguments are those of now at every launch.
   */
  public CudaGraph capture(Runnable work) {
    StreamCalls.beginCapture(use());
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      abandonCapture(e);
      throw e;
    }
    long graph = StreamCalls.endCapture(use());
    try {
      return new CudaGraph(context, StreamCalls.instantiate(graph));
    } finally {
      StreamCalls.destroyGraph(graph);
    }
  }

  // the stream must leave capture mode whatever went wrong inside
  private void abandonCapture(Throwable reason) {
    try {
      long graph = StreamCalls.endCapture(use());
      if (graph != 0) {
        StreamCalls.destroyGraph(graph);
      }
    } catch (TesseraException e) {
      reason.addSuppressed(e);
    }
  }

  @Override
  public void close() {
    if (handle != 0) {
      long closing = use();
      handle = 0;
      StreamCalls.destroy(closing);
    }
  }

  private static void requireNative(MemorySegment segment) {
    if (!segment.isNative()) {
      throw new TesseraException.Invalid(
          "memory on the Java heap cannot be copied to or from the GPU: use native memory");
    }
  }

  private static void requireEqual(long to, long from) {
    if (to != from) {
      throw new TesseraException.Invalid(
          "a copy of %d bytes does not fit a target of %d bytes".formatted(from, to));
    }
  }
}
