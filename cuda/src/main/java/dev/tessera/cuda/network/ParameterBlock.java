package dev.tessera.cuda.network;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.cuda.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A kernel's parameter structure, written member by member as a C compiler lays it out. */
final class ParameterBlock {
  private static final int MOST = 1024;
  // of a tensor map, the strictest member
  private static final int ALIGNMENT = 64;

  private final MemorySegment block = Arena.ofAuto().allocate(MOST, ALIGNMENT);
  private int alignment = Long.BYTES;
  private int used;

  private int place(int bytes) {
    int at = (used + bytes - 1) & -bytes;
    used = at + bytes;
    return at;
  }

  /** Adds a device address; null is the null pointer. */
  ParameterBlock add(DeviceBuffer buffer) {
    return add(buffer == null ? 0L : buffer.address());
  }

  ParameterBlock add(long value) {
    block.set(JAVA_LONG, place(Long.BYTES), value);
    return this;
  }

  ParameterBlock add(int value) {
    block.set(JAVA_INT, place(Integer.BYTES), value);
    return this;
  }

  ParameterBlock add(float value) {
    block.set(JAVA_FLOAT, place(Float.BYTES), value);
    return this;
  }

  /** Adds a tensor map. */
  ParameterBlock add(MemorySegment map) {
    alignment = ALIGNMENT;
    return add(map, ALIGNMENT);
  }

  /** Adds a structure whose strictest member has eight bytes. */
  ParameterBlock addStructure(MemorySegment structure) {
    return add(structure, Long.BYTES);
  }

  private ParameterBlock add(MemorySegment structure, int alignedTo) {
    used = (used + alignedTo - 1) & -alignedTo;
    MemorySegment.copy(structure, 0, block, used, structure.byteSize());
    used += Math.toIntExact(structure.byteSize());
    return this;
  }

  /** The structure, whose size is a multiple of its strictest member's alignment. */
  MemorySegment segment() {
    return block.asSlice(0, (used + alignment - 1) & -alignment);
  }
}
