package dev.tessera.codec;

import dev.tessera.field.DataType;
import java.lang.foreign.MemorySegment;

/**
 * A restored value must not look like a missing one: the fill value itself is moved to its
 * neighbour.
 */
final class FillNeighbour {
  private FillNeighbour() {}

  /** Moves what has the bits of the fill value, among {@code count} values from {@code from} on. */
  static void keepFrom(long fill, DataType type, MemorySegment values, int from, int count) {
    for (int i = from; i < from + count; i++) {
      if (type.getBits(values, i) == fill) {
        type.setBits(values, i, neighbour(type, fill));
      }
    }
  }

  private static long neighbour(DataType type, long bits) {
    return switch (type) {
      case FLOAT32 -> {
        float value = (float) type.valueOf(bits);
        yield type.bitsOf(value == Float.MAX_VALUE ? Math.nextDown(value) : Math.nextUp(value));
      }
      case FLOAT64 -> {
        double value = type.valueOf(bits);
        yield type.bitsOf(value == Double.MAX_VALUE ? Math.nextDown(value) : Math.nextUp(value));
      }
      // not through double, which cannot tell large int64 values apart
      case INT64 -> bits == Long.MAX_VALUE ? bits - 1 : bits + 1;
      default -> {
        double value = type.valueOf(bits);
        yield type.bitsOf(value < type.max() ? value + 1 : value - 1);
      }
    };
  }
}
