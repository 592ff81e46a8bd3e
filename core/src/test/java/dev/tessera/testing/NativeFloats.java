package dev.tessera.testing;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Float32 values in native memory that the garbage collector frees. */
public final class NativeFloats {
  private NativeFloats() {}

  /** Zeros. */
  public static MemorySegment zeros(long count) {
    return Arena.ofAuto().allocate(count * Float.BYTES, 64);
  }

  /** Values in 0 … 1. */
  public static MemorySegment uniform(long count, long seed) {
    MemorySegment values = zeros(count);
    Random random = new Random(seed);
    for (long i = 0; i < count; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat());
    }
    return values;
  }

  /** A copy of an array. */
  public static MemorySegment of(float[] values) {
    MemorySegment copy = zeros(values.length);
    MemorySegment.copy(values, 0, copy, ValueLayout.JAVA_FLOAT, 0, values.length);
    return copy;
  }

  /** A copy as an array. */
  public static float[] array(MemorySegment values) {
    return values.toArray(ValueLayout.JAVA_FLOAT);
  }
}
