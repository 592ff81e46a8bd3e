package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The arguments of a launch, in native memory that is reused from launch to launch. The driver
 * copies them when a kernel is launched, so they may be changed at once. For one thread at a time.
 */
public final class Arguments {
  private static final int MAX_COUNT = 64;
  // CUDA's limit for the parameters of a kernel
  private static final int MAX_BYTES = 4096;
  // a tensor map must be aligned to 64 bytes
  private static final int STRUCT_ALIGNMENT = 64;

  private final MemorySegment pointers;
  private final MemorySegment values;
  private final int[] sizes = new int[MAX_COUNT];
  private int count;
  private int used;

  /** An empty list of arguments, for any kernel. */
  public Arguments() {
    long table = MAX_COUNT * ADDRESS.byteSize();
    MemorySegment block = Arena.ofAuto().allocate(table + MAX_BYTES, STRUCT_ALIGNMENT);
    pointers = block.asSlice(0, table);
    values = block.asSlice(table);
  }

  /** Forgets all arguments. */
  public Arguments reset() {
    count = 0;
    used = 0;
    return this;
  }

  /** Adds a 64-bit integer or a device address. */
  public Arguments add(long value) {
    values.set(JAVA_LONG, place(Long.BYTES, Long.BYTES), value);
    return this;
  }

  /** Adds the address of a device buffer. */
  public Arguments add(DeviceBuffer buffer) {
    return add(buffer.address());
  }

  /** Adds a 32-bit integer. */
  public Arguments add(int value) {
    values.set(JAVA_INT, place(Integer.BYTES, Integer.BYTES), value);
    return this;
  }

  /** Adds a float. */
  public Arguments add(float value) {
    values.set(JAVA_FLOAT, place(Float.BYTES, Float.BYTES), value);
    return this;
  }

  /** Adds a double. */
  public Arguments add(double value) {
    values.set(JAVA_DOUBLE, place(Double.BYTES, Double.BYTES), value);
    return this;
  }

  /** Adds a struct by value. */
  public Arguments add(MemorySegment struct) {
    long offset = place(Math.toIntExact(struct.byteSize()), STRUCT_ALIGNMENT);
    MemorySegment.copy(struct, 0, values, offset, struct.byteSize());
    return this;
  }

  /** Adds a Long, Integer, Float, Double, DeviceBuffer or MemorySegment (a struct). */
  Arguments addBoxed(Object value) {
    return switch (value) {
      case Long number -> add(number.longValue());
      case Integer number -> add(number.intValue());
      case Float number -> add(number.floatValue());
      case Double number -> add(number.doubleValue());
      case DeviceBuffer buffer -> add(buffer);
      case MemorySegment struct -> add(struct);
      default ->
          throw new TesseraException.Invalid(
              "a kernel takes no " + value.getClass().getSimpleName() + " as argument");
    };
  }

  private long place(int bytes, int alignment) {
    int offset = (used + alignment - 1) & -alignment;
    if (count == MAX_COUNT || bytes > MAX_BYTES - offset) {
      throw new TesseraException.Invalid("too many arguments for one kernel");
    }
    pointers.setAtIndex(JAVA_LONG, count, values.address() + offset);
    sizes[count] = bytes;
    count++;
    used = offset + bytes;
    return offset;
  }

  MemorySegment pointers() {
    return pointers;
  }

  /** Fails unless number and sizes of the arguments are those of a kernel's parameters. */
  void require(String kernel, List<Long> parameterBytes) {
    if (count != parameterBytes.size()) {
      throw new TesseraException.Invalid(
          "the kernel %s takes %d arguments, not %d"
              .formatted(kernel, parameterBytes.size(), count));
    }
    for (int i = 0; i < count; i++) {
      if (sizes[i] != parameterBytes.get(i)) {
        throw new TesseraException.Invalid(
            "argument %d of the kernel %s has %d bytes, not %d"
                .formatted(i + 1, kernel, parameterBytes.get(i), sizes[i]));
      }
    }
  }
}
