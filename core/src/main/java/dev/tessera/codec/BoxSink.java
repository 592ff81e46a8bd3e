package dev.tessera.codec;

import dev.tessera.field.FieldSink;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Takes the boxes of a restored field from the threads that restored them. */
interface BoxSink {
  /**
   * Takes a box, on any thread: the arguments are those of {@link FieldSink#write}.
   *
   * @return what is left to be done on one thread, in the order of the grid's tiles; null where
   *     nothing is
   */
  Runnable take(long slice, long row, long rows, long col, long cols, MemorySegment box)
      throws IOException;

  /** Writes to a sink: at the same time where it allows that. */
  static BoxSink of(FieldSink sink) {
    if (sink.isConcurrent()) {
      return (slice, row, rows, col, cols, box) -> {
        sink.write(slice, row, rows, col, cols, box);
        return null;
      };
    }
    return (slice, row, rows, col, cols, box) -> {
      synchronized (sink) {
        sink.write(slice, row, rows, col, cols, box);
      }
      return null;
    };
  }
}
