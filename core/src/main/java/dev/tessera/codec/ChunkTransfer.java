package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Tile;
import dev.tessera.quant.SpecialMask;
import dev.tessera.quant.SpecialValues;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Chunks of a field to the memory of a lane, and back: bulk copies, with special values set aside
 * on the way in and put back on the way out.
 */
final class ChunkTransfer {
  private static final byte[] NO_MASK = {};

  private final FieldInfo info;
  private final DataType type;
  private final SpecialValues specials;

  ChunkTransfer(FieldInfo info, SpecialValues specials) {
    this.info = info;
    this.type = info.type();
    this.specials = specials;
  }

  /** Reads a chunk to {@code values} from byte {@code at} on. */
  void read(FieldSource source, Tile tile, MemorySegment values, long at) throws IOException {
    long planeBytes = (long) tile.rows() * tile.cols() * type.bytes();
    for (int c = 0; c < tile.planes(); c++) {
      source.read(
          tile.slices()[c],
          tile.row(),
          tile.rows(),
          tile.col(),
          tile.cols(),
          values.asSlice(at + c * planeBytes, planeBytes));
    }
  }

  /**
   * Replaces a chunk's special values by ordinary ones.
   *
   * @param values the chunk's values
   * @param finder tells which they are
   * @param marks room for a mark per value
   * @param lastResort bits that a chunk of special values alone takes
   * @return the chunk's coded mask; empty where it has no special values
   */
  byte[] setAside(
      MemorySegment values, ChunkBox box, SpecialFinder finder, boolean[] marks, long lastResort) {
    int count = box.values();
    if (finder.find(values, 0, count, marks) == 0) {
      return NO_MASK;
    }
    SpecialMask mask = SpecialMask.empty(count);
    for (int i = 0; i < count; i++) {
      if (marks[i]) {
        long bits = type.getBits(values, i);
        mask.classes()[i] = (byte) specials.classOf(bits);
        mask.bits()[i] = bits;
      }
    }
    StandIns.fill(type, values, 0, box, marks, lastResort);
    return mask.encode(box.width(), box.height() * box.width(), specials, type);
  }

  /** Puts a chunk's special values back. */
  void putBack(byte[] maskBytes, MemorySegment values, ChunkBox box) {
    if (maskBytes.length == 0) {
      return;
    }
    int count = box.values();
    SpecialMask mask =
        SpecialMask.decode(
            maskBytes, count, box.width(), box.height() * box.width(), specials, type);
    for (int i = 0; i < count; i++) {
      int valueClass = mask.classAt(i);
      if (valueClass != 0) {
        type.setBits(
            values,
            i,
            valueClass == specials.otherClass() ? mask.bits()[i] : specials.pattern(valueClass));
      }
    }
  }

  /**
   * Gives away the part of a chunk that lies in a selection.
   *
   * @param values the chunk's values
   * @param sink receives the selection: its origin is the selection's
   * @param rest takes what the sink leaves to be done in order
   */
  void write(
      Tile tile, MemorySegment values, Selection selection, BoxSink sink, List<Runnable> rest) {
    int firstRow = (int) Math.max(0, selection.firstRow() - tile.row());
    int endRow = (int) Math.min(tile.rows(), selection.firstRow() + selection.rows() - tile.row());
    int firstCol = (int) Math.max(0, selection.firstCol() - tile.col());
    int endCol = (int) Math.min(tile.cols(), selection.firstCol() + selection.cols() - tile.col());
    if (firstRow >= endRow || firstCol >= endCol) {
      return;
    }
    int rows = endRow - firstRow;
    int cols = endCol - firstCol;
    long rowBytes = (long) tile.cols() * type.bytes();
    for (int c = 0; c < tile.planes(); c++) {
      long slice = tile.slices()[c];
      if (!selection.contains(slice)) {
        continue;
      }
      long from = (c * (long) tile.rows() + firstRow) * rowBytes;
      MemorySegment part = values.asSlice(from, rows * rowBytes);
      if (cols < tile.cols()) {
        part = closeUp(part, rows, rowBytes, (long) firstCol * type.bytes(), cols);
      }
      Runnable left =
          take(
              sink,
              slice - selection.firstSlice(),
              tile.row() + firstRow - selection.firstRow(),
              rows,
              tile.col() + firstCol - selection.firstCol(),
              cols,
              part);
      if (left != null) {
        rest.add(left);
      }
    }
  }

  private static Runnable take(
      BoxSink sink, long slice, long row, long rows, long col, long cols, MemorySegment box) {
    try {
      return sink.take(slice, row, rows, col, cols, box);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Moves the wanted columns of rows together, in place: each row goes to the left of its place.
   */
  private MemorySegment closeUp(
      MemorySegment part, int rows, long rowBytes, long firstByte, int cols) {
    long bytes = (long) cols * type.bytes();
    for (int r = 0; r < rows; r++) {
      MemorySegment.copy(part, r * rowBytes + firstByte, part, r * bytes, bytes);
    }
    return part.asSlice(0, rows * bytes);
  }
}
