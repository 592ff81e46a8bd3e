package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.field.DataType;
import dev.tessera.quant.BlockGeometry;
import java.lang.foreign.MemorySegment;

/** Marks of exact values, a bit for each place of all blocks in coded order, lowest first. */
final class ExactMarks {
  private static final int WORDS = PLACES / Integer.SIZE;

  private ExactMarks() {}

  /** Bytes of the marks of so many blocks. */
  static long bytes(int blocks) {
    return (long) blocks * PLACES / Byte.SIZE;
  }

  /** Collects the marked values of one block of a chunk. */
  static void collect(
      DataType type,
      MemorySegment chunk,
      BlockGeometry geometry,
      int number,
      MemorySegment marks,
      ExactValues exact) {
    exact.clear();
    BlockGeometry.Block block = geometry.block(number);
    for (int w = 0; w < WORDS; w++) {
      int word = marks.get(DataType.LE_INT, ((long) number * WORDS + w) * Integer.BYTES);
      for (; word != 0; word &= word - 1) {
        int place = w * Integer.SIZE + Integer.numberOfTrailingZeros(word);
        int index = geometry.index(block, geometry.mode().natural(place));
        exact.add(place, type.getBits(chunk, index));
      }
    }
  }
}
