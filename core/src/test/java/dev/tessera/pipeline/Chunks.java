package dev.tessera.pipeline;

import dev.tessera.field.DataType;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Chunks of values for tests. */
final class Chunks {
  static final long[] ODD_FLOATS = {
    0x7fc00000L, 0x7f800000L, 0xff800000L, 1, 0x7f7fffffL, 0x80000000L, 0xffc12345L, 0x00400000L
  };
  static final long[] ODD_DOUBLES = {
    0x7ff8000000000000L,
    0x7ff0000000000000L,
    0xfff0000000000000L,
    1,
    0x7fefffffffffffffL,
    0x8000000000000000L,
    0xfff8123456789abcL,
    0x0008000000000000L
  };

  private Chunks() {}

  /** What suits a type: waves that use a good part of its range. */
  static double amplitude(DataType type) {
    return switch (type.bytes()) {
      case 1 -> 100;
      case 2 -> 15000;
      case 4 -> type.isFloat() ? 1e6 : 1e9;
      default -> type.isFloat() ? 1e-3 : 4e18;
    };
  }

  /**
   * Waves with noise, and odd values (NaN, infinities, denormals, extremes; any bits for integers)
   * in their midst.
   */
  static MemorySegment waves(
      DataType type, int depth, int height, int width, double odd, long seed) {
    Random random = new Random(seed);
    MemorySegment chunk = empty(type, depth, height, width);
    double amplitude = amplitude(type);
    boolean unsigned = !type.isFloat() && type.min() == 0;
    for (int i = 0; i < depth * height * width; i++) {
      int x = i % width;
      int y = i / width % height;
      int z = i / width / height;
      double wave = Math.sin(0.11 * x + 0.07 * y + 0.2 * z) * Math.cos(0.05 * x - 0.13 * y);
      double value = wave + 0.01 * random.nextGaussian() + (unsigned ? 1.1 : 0);
      type.set(chunk, i, value * amplitude);
      if (random.nextDouble() < odd) {
        type.setBits(chunk, i, odd(type, random));
      }
    }
    return chunk;
  }

  private static long odd(DataType type, Random random) {
    return switch (type) {
      case FLOAT32 -> ODD_FLOATS[random.nextInt(ODD_FLOATS.length)];
      case FLOAT64 -> ODD_DOUBLES[random.nextInt(ODD_DOUBLES.length)];
      default -> random.nextInt(4) == 0 ? edge(type, random) : random.nextLong();
    };
  }

  private static long edge(DataType type, Random random) {
    long top = 1L << 8 * type.bytes() - 1;
    return new long[] {0, top, top - 1, -1}[random.nextInt(4)];
  }

  static MemorySegment empty(DataType type, int depth, int height, int width) {
    return MemorySegment.ofArray(new byte[depth * height * width * type.bytes()]);
  }
}
