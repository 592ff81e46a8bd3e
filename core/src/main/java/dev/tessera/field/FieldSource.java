package dev.tessera.field;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * A field that is read box by box, so that it never has to fit into memory. Boxes may be asked for
 * in any order and more than once; a source is used by one thread at a time, which need not always
 * be the same, unless it {@linkplain #isConcurrent says otherwise}.
 */
public interface FieldSource extends Closeable {
  FieldInfo info();

  /**
   * Reads {@code rows × cols} values of one slice into {@code target}, row by row without gaps, in
   * the field's type, little-endian.
   *
   * @param slice number of the slice, counting over all leading axes in C order
   * @param row first row
   * @param col first column
   * @param target at least {@code rows · cols · info().type().bytes()} bytes
   * @throws TesseraException.Corrupt if the file does not hold what its header promises
   */
  void read(long slice, long row, long rows, long col, long cols, MemorySegment target)
      throws IOException;

  /** Whether several threads may read at the same time. */
  default boolean isConcurrent() {
    return false;
  }
}
