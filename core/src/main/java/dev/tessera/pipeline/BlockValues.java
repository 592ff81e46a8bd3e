package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.field.DataType;
import dev.tessera.quant.BlockGeometry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The values of one block in natural order, moved between a chunk in memory and arrays. Bulk copies
 * of rows and one conversion per block keep this cheap.
 */
final class BlockValues {
  private static final double TWO_63 = 0x1p63;

  private final DataType type;
  private final byte[] bytes;
  private final short[] shorts;
  private final int[] ints;
  private final float[] floats;

  /** Elements of INT64, of which binary64 does not hold all. */
  final long[] longs;

  /** Elements as binary64, that of INT64 rounded. */
  final double[] values = new double[PLACES];

  BlockValues(DataType type) {
    this.type = type;
    boolean single = type == DataType.FLOAT32;
    bytes = new byte[type.bytes() == 1 ? PLACES : 0];
    shorts = new short[type.bytes() == 2 ? PLACES : 0];
    ints = new int[type.bytes() == 4 && !single ? PLACES : 0];
    floats = new float[single ? PLACES : 0];
    longs = new long[type == DataType.INT64 ? PLACES : 0];
  }

  /** Reads a block; places outside the chunk take a value of its inside. */
  void load(MemorySegment chunk, BlockGeometry geometry, BlockGeometry.Block block) {
    BlockGeometry.Mode mode = geometry.mode();
    boolean full = geometry.isFull(block);
    if (!full) {
      clear();
    }
    for (int z = 0; z < block.depth(); z++) {
      for (int y = 0; y < block.height(); y++) {
        int row = (z * mode.height() + y) * mode.width();
        copyIn(chunk, geometry.index(block, row), row, block.width());
      }
    }
    widen();
    if (!full) {
      double inside = values[0];
      for (int i = 0; i < PLACES; i++) {
        if (!geometry.contains(block, i)) {
          values[i] = inside;
        }
      }
    }
  }

  private void clear() {
    if (longs.length > 0) {
      Arrays.fill(longs, 0);
    }
  }

  private void copyIn(MemorySegment chunk, long index, int to, int count) {
    switch (type) {
      case INT8, UINT8 -> MemorySegment.copy(chunk, ValueLayout.JAVA_BYTE, index, bytes, to, count);
      case INT16, UINT16 ->
          MemorySegment.copy(chunk, DataType.LE_SHORT, index * 2, shorts, to, count);
      case INT32, UINT32 -> MemorySegment.copy(chunk, DataType.LE_INT, index * 4, ints, to, count);
      case INT64 -> MemorySegment.copy(chunk, DataType.LE_LONG, index * 8, longs, to, count);
      case FLOAT32 -> MemorySegment.copy(chunk, DataType.LE_FLOAT, index * 4, floats, to, count);
      case FLOAT64 -> MemorySegment.copy(chunk, DataType.LE_DOUBLE, index * 8, values, to, count);
    }
  }

  private void widen() {
    switch (type) {
      case INT8 -> {
        for (int i = 0; i < PLACES; i++) {
          values[i] = bytes[i];
        }
      }
      case UINT8 -> {
        for (int i = 0; i < PLACES; i++) {
          values[i] = bytes[i] & 0xff;
        }
      }
      case INT16 -> {
        for (int i = 0; i < PLACES; i++) {
          values[i] = shorts[i];
        }
      }
      case UINT16 -> {
        for (int i = 0; i < PLACES; i++) {
          values[i] = shorts[i] & 0xffff;
        }
      }
      case INT32 -> {
        for (int i = 0; i < PLACES; i++) {
          values[i] = ints[i];
        }
      }
      case UINT32 -> {
        for (int i = 0; i < PLACES; i++) {
          values[i] = ints[i] & 0xffff_ffffL;
        }
      }
      case INT64 -> {
        for (int i = 0; i < PLACES; i++) {
          values[i] = longs[i];
        }
      }
      case FLOAT32 -> {
        for (int i = 0; i < PLACES; i++) {
          values[i] = floats[i];
        }
      }
      case FLOAT64 -> {}
    }
  }

  /** Writes the part of a block that lies in the chunk, converted to the type. */
  void store(MemorySegment chunk, BlockGeometry geometry, BlockGeometry.Block block) {
    BlockGeometry.Mode mode = geometry.mode();
    narrow();
    for (int z = 0; z < block.depth(); z++) {
      for (int y = 0; y < block.height(); y++) {
        int row = (z * mode.height() + y) * mode.width();
        copyOut(chunk, geometry.index(block, row), row, block.width());
      }
    }
  }

  private void copyOut(MemorySegment chunk, long index, int from, int count) {
    switch (type) {
      case INT8, UINT8 ->
          MemorySegment.copy(bytes, from, chunk, ValueLayout.JAVA_BYTE, index, count);
      case INT16, UINT16 ->
          MemorySegment.copy(shorts, from, chunk, DataType.LE_SHORT, index * 2, count);
      case INT32, UINT32 ->
          MemorySegment.copy(ints, from, chunk, DataType.LE_INT, index * 4, count);
      case INT64 -> MemorySegment.copy(longs, from, chunk, DataType.LE_LONG, index * 8, count);
      case FLOAT32 -> MemorySegment.copy(floats, from, chunk, DataType.LE_FLOAT, index * 4, count);
      case FLOAT64 -> MemorySegment.copy(values, from, chunk, DataType.LE_DOUBLE, index * 8, count);
    }
  }

  private void narrow() {
    switch (type) {
      case INT8, UINT8 -> {
        for (int i = 0; i < PLACES; i++) {
          bytes[i] = (byte) (int) rounded(type, values[i]);
        }
      }
      case INT16, UINT16 -> {
        for (int i = 0; i < PLACES; i++) {
          shorts[i] = (short) (int) rounded(type, values[i]);
        }
      }
      case INT32 -> {
        for (int i = 0; i < PLACES; i++) {
          ints[i] = (int) rounded(type, values[i]);
        }
      }
      case UINT32 -> {
        for (int i = 0; i < PLACES; i++) {
          ints[i] = (int) (long) rounded(type, values[i]);
        }
      }
      case INT64 -> {
        for (int i = 0; i < PLACES; i++) {
          longs[i] = toLong(values[i]);
        }
      }
      case FLOAT32 -> {
        for (int i = 0; i < PLACES; i++) {
          floats[i] = toFloat(values[i]);
        }
      }
      case FLOAT64 -> {}
    }
  }

  /** What a restored number becomes in an integer type of up to 32 bits, or in a float type. */
  static double converted(DataType type, double value) {
    return switch (type) {
      case FLOAT64 -> value;
      case FLOAT32 -> toFloat(value);
      default -> rounded(type, value);
    };
  }

  private static float toFloat(double value) {
    return Math.max(-Float.MAX_VALUE, Math.min(Float.MAX_VALUE, (float) value));
  }

  private static double rounded(DataType type, double value) {
    return Math.rint(Math.max(type.min(), Math.min(type.max(), value)));
  }

  /** What a restored number becomes in INT64. */
  static long toLong(double value) {
    return value >= TWO_63 ? Long.MAX_VALUE : (long) Math.rint(value);
  }
}
