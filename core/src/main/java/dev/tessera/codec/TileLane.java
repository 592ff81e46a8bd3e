package dev.tessera.codec;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A lane with memory for values as they are read: its own where it normalizes, else some beside it.
 *
 * @param lane the lane
 * @param values takes a batch as it is read; what the lane restores does not come here
 * @param arena owns what is beside; null where nothing is
 */
record TileLane(Backend.Lane lane, MemorySegment values, Arena arena) implements AutoCloseable {
  /** A lane that normalizes, or one that only restores. */
  static TileLane alone(Backend.Lane lane) {
    return new TileLane(lane, lane.tiles(), null);
  }

  /** A lane for normalized tiles, and memory for a batch of a field's own values. */
  static TileLane beside(Backend.Lane lane, long bytes) {
    Arena arena = Arena.ofShared();
    try {
      return new TileLane(lane, arena.allocate(bytes, 64), arena);
    } catch (OutOfMemoryError e) {
      arena.close();
      lane.close();
      throw new TesseraException.Unsupported(
          "there is not enough memory for a batch of %d bytes: use smaller tiles or --batch 1"
              .formatted(bytes));
    }
  }

  @Override
  public void close() {
    lane.close();
    if (arena != null) {
      arena.close();
    }
  }
}
