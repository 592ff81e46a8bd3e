package dev.tessera.cuda.backend;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.PinnedArena;

/** What a lane works with: a stream, memory of the device, and page-locked memory of the host. */
final class LaneResources implements AutoCloseable {
  private static final long DEVICE_SLAB = 64L << 20;
  private static final long PINNED_SLAB = 16L << 20;

  private final CudaStream stream;
  private final DeviceArena device;
  private final PinnedArena pinned;

  LaneResources(CudaContext context) {
    stream = context.newStream();
    device = context.newArena(DEVICE_SLAB);
    pinned = context.newPinnedArena(PINNED_SLAB);
  }

  CudaContext context() {
    return stream.context();
  }

  CudaStream stream() {
    return stream;
  }

  DeviceArena device() {
    return device;
  }

  PinnedArena pinned() {
    return pinned;
  }

  /** Takes all memory back for the next user, when nothing works on it any more. */
  void reset() {
    device.reset();
    pinned.reset();
  }

  @Override
  public void close() {
    try (stream;
        device;
        pinned) {
      stream.context().makeCurrent();
    }
  }
}
