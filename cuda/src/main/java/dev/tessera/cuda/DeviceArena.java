package dev.tessera.cuda;

/** Device memory that is reused: see {@link SlabArena} for how. */
public final class DeviceArena extends SlabArena {
  DeviceArena(Slabs source, long slabBytes) {
    super(source, slabBytes);
  }

  /** Memory with undefined contents, aligned to {@value #ALIGNMENT} bytes. */
  public DeviceBuffer allocate(long bytes) {
    return new DeviceBuffer(bump(bytes), bytes);
  }
}
