package dev.tessera.io;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** The arguments that every source and sink checks. */
final class Boxes {
  private Boxes() {}

  /**
   * @throws IndexOutOfBoundsException if the box is not inside the field or {@code values} is too
   *     short for it: the caller's mistake, never the file's
   */
  static void check(
      FieldInfo info, long slice, long row, long rows, long col, long cols, MemorySegment values) {
    Shape shape = info.shape();
    Objects.checkIndex(slice, shape.slices());
    Objects.checkFromIndexSize(row, rows, shape.height());
    Objects.checkFromIndexSize(col, cols, shape.width());
    long bytes = Math.multiplyExact(Math.multiplyExact(rows, cols), (long) info.type().bytes());
    Objects.checkFromIndexSize(0, bytes, values.byteSize());
  }
}
