package dev.tessera.cuda.backend;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.PinnedArena;
import java.lang.foreign.MemorySegment;

/** What a lane works with: a stream, memory of the device, and page-locked memory of the host. */
final class LaneResources implements AutoCloseable {
  private static final long DEVICE_SLAB = 64L << 20;
  private static final long PINNED_SLAB = 16L << 20;

  private final CudaStream stream;
  private final DeviceArena device;
  private final PinnedArena pinned;
  private long deviceMark;
  private long pinnedMark;

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

  /** Device memory that stays until the lane is closed. */
  DeviceBuffer keepDevice(long bytes) {
    DeviceBuffer kept = device.allocate(bytes);
    deviceMark = device.mark();
    return kept;
  }

  /** Page-locked memory that stays until the lane is closed. */
  MemorySegment keepPinned(long bytes) {
    MemorySegment kept = pinned.allocate(bytes);
    pinnedMark = pinned.mark();
    return kept;
  }

  /** Keeps all memory that was given out so far until the lane is closed. */
  void keepAll() {
    deviceMark = device.mark();
    pinnedMark = pinned.mark();
  }

  /** Takes back what a batch has used, and was not kept. */
  void restart() {
    device.reset(deviceMark);
    pinned.reset(pinnedMark);
  }

  /** Takes all memory back for the next user, when nothing works on it any more. */
  void reset() {
    deviceMark = 0;
    pinnedMark = 0;
    restart();
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
