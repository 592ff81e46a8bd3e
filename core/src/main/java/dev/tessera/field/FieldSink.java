package dev.tessera.field;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Where a field is written box by box, in any order; each value once. Nothing appears under the
 * final name before {@link #commit}; closing without it leaves nothing behind. A sink is used by
 * one thread at a time, which need not always be the same, unless it {@linkplain #isConcurrent says
 * otherwise}.
 */
public interface FieldSink extends Closeable {
  FieldInfo info();

  /**
   * Writes {@code rows × cols} values of one slice from {@code source}: the mirror of {@link
   * FieldSource#read}.
   *
   * @param source values row by row without gaps, in the field's type, little-endian
   */
  void write(long slice, long row, long rows, long col, long cols, MemorySegment source)
      throws IOException;

  /** Whether several threads may write boxes that share no value at the same time. */
  default boolean isConcurrent() {
    return false;
  }

  /** Finishes the file and moves it into place. */
  void commit() throws IOException;
}
