package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import dev.tessera.quant.SpecialMask;
import dev.tessera.quant.SpecialValues;
import dev.tessera.transform.Normalizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The first stage and its inverse: values of a field to normalized tiles, and back. Cutting reads a
 * box per plane, sets special values aside, normalizes, and fills what lies outside the field by
 * reflection; pasting undoes it. Not thread-safe.
 */
final class Tiler {
  /** Lies in every normalizer's domain; inpainting replaces what becomes of it. */
  private static final double STAND_IN = 1;

  private final FieldInfo info;
  private final TileGrid grid;
  private final Normalizer normalizer;
  private final SpecialValues specials;
  private final boolean hasMasks;
  private final DataType type;
  private final MemorySegment box;
  private final double[] row;
  private final float[] plane;
  private final boolean[] special;
  private final int[] sourceRow;
  private final int[] sourceCol;

  Tiler(
      FieldInfo info,
      TileGrid grid,
      Normalizer normalizer,
      SpecialValues specials,
      boolean hasMasks) {
    this.info = info;
    this.grid = grid;
    this.normalizer = normalizer;
    this.specials = specials;
    this.hasMasks = hasMasks;
    this.type = info.type();
    int places = Math.multiplyExact(grid.tileHeight(), grid.tileWidth());
    this.box = MemorySegment.ofArray(new long[Math.ceilDiv(places, 8) * type.bytes()]);
    this.row = new double[grid.tileWidth()];
    this.plane = new float[places];
    this.special = new boolean[places];
    this.sourceRow = new int[grid.tileHeight()];
    this.sourceCol = new int[grid.tileWidth()];
  }

  /** Rows of a tile's own cell: those that it does not share with the tile below. */
  int ownRows(Tile tile) {
    long step = grid.tileHeight() - grid.overlap();
    return tile.row() + step + grid.overlap() >= info.shape().height() ? tile.rows() : (int) step;
  }

  /** Columns of a tile's own cell: those that it does not share with the tile to the right. */
  int ownCols(Tile tile) {
    long step = grid.tileWidth() - grid.overlap();
    return tile.col() + step + grid.overlap() >= info.shape().width() ? tile.cols() : (int) step;
  }

  /**
   * Writes a tile's normalized values to {@code tiles} from element {@code at} on, {@code channels
   * × height × width}.
   *
   * @return the tile's coded mask; empty where it has no special values
   */
  byte[] cut(FieldSource source, Tile tile, MemorySegment tiles, long at) throws IOException {
    int ownRows = ownRows(tile);
    int ownCols = ownCols(tile);
    SpecialMask mask = hasMasks ? SpecialMask.empty(tile.planes() * ownRows * ownCols) : null;
    int places = plane.length;
    Reflection.places(sourceRow, tile.rows());
    Reflection.places(sourceCol, tile.cols());
    for (int c = 0; c < grid.channels(); c++) {
      long planeAt = at + (long) c * places;
      if (c >= tile.planes()) {
        MemorySegment.copy(tiles, 4 * (planeAt - places), tiles, 4 * planeAt, 4L * places);
        continue;
      }
      source.read(tile.slices()[c], tile.row(), tile.rows(), tile.col(), tile.cols(), box);
      boolean anySpecial = false;
      for (int r = 0; r < tile.rows(); r++) {
        anySpecial |= normalizeRow(tile, c, r, ownRows, ownCols, mask);
      }
      if (anySpecial) {
        Inpainting.fill(plane, special, tile.rows(), tile.cols());
      }
      store(tile, tiles, planeAt);
    }
    return mask == null || mask.isEmpty()
        ? new byte[0]
        : mask.encode(ownCols, ownRows * ownCols, specials, type);
  }

  /** Normalizes one row into {@link #plane}; true if it holds special values. */
  private boolean normalizeRow(
      Tile tile, int c, int r, int ownRows, int ownCols, SpecialMask mask) {
    int cols = tile.cols();
    int from = r * cols;
    type.read(box, from, row, cols);
    boolean any = false;
    if (mask != null) {
      for (int i = 0; i < cols; i++) {
        boolean isSpecial = !normalizer.inDomain(row[i]) || FieldScan.isFill(info, box, from + i);
        special[from + i] = isSpecial;
        if (isSpecial) {
          any = true;
          row[i] = STAND_IN;
          if (r < ownRows && i < ownCols) {
            int place = (c * ownRows + r) * ownCols + i;
            long bits = type.getBits(box, from + i);
            mask.classes()[place] = (byte) specials.classOf(bits);
            mask.bits()[place] = bits;
          }
        }
      }
    }
    normalizer.forward(tile.slices()[c], row, cols);
    for (int i = 0; i < cols; i++) {
      plane[from + i] = (float) row[i];
    }
    return any;
  }

  private void store(Tile tile, MemorySegment tiles, long planeAt) {
    int width = grid.tileWidth();
    for (int r = 0; r < grid.tileHeight(); r++) {
      int from = sourceRow[r] * tile.cols();
      long to = planeAt + (long) r * width;
      MemorySegment.copy(plane, from, tiles, ValueLayout.JAVA_FLOAT, 4 * to, tile.cols());
      for (int i = tile.cols(); i < width; i++) {
        tiles.setAtIndex(ValueLayout.JAVA_FLOAT, to + i, plane[from + sourceCol[i]]);
      }
    }
  }

  /**
   * The inverse of {@link #cut}: writes that part of a tile's own cell which lies in a selection.
   *
   * @param blended the tile's own cell, {@code channels × ownRows × ownCols} normalized values
   * @param maskBytes the tile's coded mask; empty where it has none
   * @param sink receives the selection: its origin is the selection's
   */
  void paste(Tile tile, float[] blended, byte[] maskBytes, Selection selection, FieldSink sink)
      throws IOException {
    int ownRows = ownRows(tile);
    int ownCols = ownCols(tile);
    SpecialMask mask =
        maskBytes.length == 0
            ? null
            : SpecialMask.decode(
                maskBytes,
                tile.planes() * ownRows * ownCols,
                ownCols,
                ownRows * ownCols,
                specials,
                type);
    int firstRow = (int) Math.max(0, selection.firstRow() - tile.row());
    int endRow = (int) Math.min(ownRows, selection.firstRow() + selection.rows() - tile.row());
    int firstCol = (int) Math.max(0, selection.firstCol() - tile.col());
    int endCol = (int) Math.min(ownCols, selection.firstCol() + selection.cols() - tile.col());
    if (firstRow >= endRow || firstCol >= endCol) {
      return;
    }
    int cols = endCol - firstCol;
    for (int c = 0; c < tile.planes(); c++) {
      long slice = tile.slices()[c];
      if (!selection.contains(slice)) {
        continue;
      }
      for (int r = firstRow; r < endRow; r++) {
        int place = (c * ownRows + r) * ownCols + firstCol;
        int to = (r - firstRow) * cols;
        for (int i = 0; i < cols; i++) {
          row[i] = blended[place + i];
        }
        normalizer.inverse(slice, row, cols);
        type.write(box, to, row, cols);
        keepFromFill(to, cols);
        if (mask != null) {
          restore(mask, place, to, cols);
        }
      }
      sink.write(
          slice - selection.firstSlice(),
          tile.row() + firstRow - selection.firstRow(),
          endRow - firstRow,
          tile.col() + firstCol - selection.firstCol(),
          cols,
          box);
    }
  }

  /**
   * A restored value must not look like a missing one: the fill value itself is moved to its
   * neighbour.
   */
  private void keepFromFill(int from, int count) {
    if (info.fillBits().isEmpty()) {
      return;
    }
    long fill = info.fillBits().getAsLong();
    for (int i = from; i < from + count; i++) {
      if (type.getBits(box, i) == fill) {
        type.setBits(box, i, neighbour(fill));
      }
    }
  }

  private long neighbour(long bits) {
    return switch (type) {
      case FLOAT32 -> {
        float value = (float) type.valueOf(bits);
        yield type.bitsOf(value == Float.MAX_VALUE ? Math.nextDown(value) : Math.nextUp(value));
      }
      case FLOAT64 -> {
        double value = type.valueOf(bits);
        yield type.bitsOf(value == Double.MAX_VALUE ? Math.nextDown(value) : Math.nextUp(value));
      }
      // not through double, which cannot tell large int64 values apart
      case INT64 -> bits == Long.MAX_VALUE ? bits - 1 : bits + 1;
      default -> {
        double value = type.valueOf(bits);
        yield type.bitsOf(value < type.max() ? value + 1 : value - 1);
      }
    };
  }

  private void restore(SpecialMask mask, int place, int to, int count) {
    for (int i = 0; i < count; i++) {
      int valueClass = mask.classAt(place + i);
      if (valueClass != 0) {
        type.setBits(
            box,
            to + i,
            valueClass == specials.otherClass()
                ? mask.bits()[place + i]
                : specials.pattern(valueClass));
      }
    }
  }
}
