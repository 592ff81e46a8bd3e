package dev.tessera.train.data;

import dev.tessera.field.DataType;
import java.lang.foreign.MemorySegment;

/**
 * Values in C order, as they stand in a raw file.
 *
 * @param data all values of the field, float32, little-endian
 */
record RowMajorValues(Volumes volumes, MemorySegment data) implements FieldValues {
  @Override
  public void read(long volume, long[] from, int[] size, float[] target) {
    int at = 0;
    for (int z = 0; z < size[0]; z++) {
      for (int y = 0; y < size[1]; y++) {
        long row = (volume * volumes.depth() + from[0] + z) * volumes.height() + from[1] + y;
        long place = row * volumes.width() + from[2];
        MemorySegment.copy(data, DataType.LE_FLOAT, 4 * place, target, at, size[2]);
        at += size[2];
      }
    }
  }
}
