package dev.tessera.train.data;

import dev.tessera.field.DataType;
import java.lang.foreign.MemorySegment;

/**
 * Values in the cache's order.
 *
 * @param data {@code layout.bytes()} bytes, float32, little-endian
 */
record BrickValues(BrickLayout layout, MemorySegment data) implements FieldValues {
  @Override
  public void read(long volume, long[] from, int[] size, float[] target) {
    for (long bz = from[0] / layout.depth(); bz * layout.depth() < from[0] + size[0]; bz++) {
      for (long by = from[1] / layout.height(); by * layout.height() < from[1] + size[1]; by++) {
        for (long bx = from[2] / layout.width(); bx * layout.width() < from[2] + size[2]; bx++) {
          readBrick(volume, bz, by, bx, from, size, target);
        }
      }
    }
  }

  /** The part of one brick that lies in the box. */
  private void readBrick(
      long volume, long bz, long by, long bx, long[] from, int[] size, float[] target) {
    long brick = BrickLayout.VALUES * layout.brick(volume, bz, by, bx);
    long z0 = bz * layout.depth();
    long y0 = by * layout.height();
    long x0 = bx * layout.width();
    long x = Math.max(x0, from[2]);
    int count = (int) (Math.min(x0 + layout.width(), from[2] + size[2]) - x);
    for (long z = Math.max(z0, from[0]);
        z < Math.min(z0 + layout.depth(), from[0] + size[0]);
        z++) {
      for (long y = Math.max(y0, from[1]);
          y < Math.min(y0 + layout.height(), from[1] + size[1]);
          y++) {
        long place = brick + ((z - z0) * layout.height() + y - y0) * layout.width() + x - x0;
        long at = ((z - from[0]) * size[1] + y - from[1]) * size[2] + x - from[2];
        MemorySegment.copy(data, DataType.LE_FLOAT, 4 * place, target, (int) at, count);
      }
    }
  }
}
