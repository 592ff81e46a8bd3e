package dev.tessera.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Page-locked host memory that is reused: copies between it and the device are asynchronous and
 * fastest. Once it is closed its segments can no longer be reached.
 */
public final class PinnedArena extends SlabArena {
  private final Arena lifetime = Arena.ofShared();

  PinnedArena(Slabs source, long slabBytes) {
    super(source, slabBytes);
  }

  /** Memory with undefined contents, aligned to {@value #ALIGNMENT} bytes. */
  public MemorySegment allocate(long bytes) {
    return MemorySegment.ofAddress(bump(bytes)).reinterpret(bytes, lifetime, null);
  }

  @Override
  public void close() {
    if (lifetime.scope().isAlive()) {
      lifetime.close();
      super.close();
    }
  }
}
