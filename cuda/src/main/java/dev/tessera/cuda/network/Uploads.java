package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Brings a network's constants to the device. */
final class Uploads {
  private static final long ALIGNMENT = 8;

  private final CudaStream stream;
  private final DeviceArena arena;

  /** The arena owns what is uploaded, and must stay as long as it is used. */
  Uploads(CudaStream stream, DeviceArena arena) {
    this.stream = stream;
    this.arena = arena;
  }

  CudaStream stream() {
    return stream;
  }

  DeviceBuffer floats(float[] values) {
    return bytes(MemorySegment.ofArray(values));
  }

  DeviceBuffer halves(short[] values) {
    return bytes(MemorySegment.ofArray(values));
  }

  DeviceBuffer bytes(byte[] values) {
    return bytes(MemorySegment.ofArray(values));
  }

  private DeviceBuffer bytes(MemorySegment values) {
    DeviceBuffer buffer = arena.allocate(values.byteSize());
    try (Arena host = Arena.ofConfined()) {
      stream.upload(buffer, host.allocate(values.byteSize(), ALIGNMENT).copyFrom(values));
      stream.synchronize();
    }
    return buffer;
  }
}
