package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import dev.tessera.quant.SpecialMask;
import dev.tessera.quant.SpecialValues;
import dev.tessera.transform.Normalizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The first stage and its inverse: values of a field to tiles, and back. A tile is read plane by
 * plane; then special values are set aside, the others normalized, and what lies outside the field
 * is filled by reflection; pasting undoes it. Where a device normalizes, values stay as they are,
 * but in planes with special values, whose stand-ins are made of normalized ones. For one thread at
 * a time.
 */
final class Tiler {
  /** Lies in every normalizer's domain; inpainting replaces what becomes of it. */
  private static final double STAND_IN = 1;

  private static final byte[] NO_MASK = {};

  private final FieldInfo info;
  private final TileGrid grid;
  private final Normalizer normalizer;
  private final SpecialValues specials;
  private final boolean hasMasks;
  private final DataType type;
  private final int places;
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
    this.places = Math.multiplyExact(grid.tileHeight(), grid.tileWidth());
    this.box = MemorySegment.ofArray(new long[Math.ceilDiv(places, 8) * type.bytes()]);
    this.row = new double[grid.tileWidth()];
    this.plane = new float[places];
    this.special = new boolean[places];
    this.sourceRow = new int[grid.tileHeight()];
    this.sourceCol = new int[grid.tileWidth()];
  }

  /** Bytes that {@link #read} takes for a tile. */
  static long tileBytes(FieldInfo info, TileGrid grid) {
    return (long) grid.tileElements() * info.type().bytes();
  }

  /**
   * Reads a tile's values: each plane without gaps from its own first byte on.
   *
   * @param values takes {@link #tileBytes} from byte {@code at} on
   */
  static void read(FieldSource source, TileGrid grid, Tile tile, MemorySegment values, long at)
      throws IOException {
    long planeBytes = tileBytes(source.info(), grid) / grid.channels();
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
   * Normalizes a tile that was read.
   *
   * @param values the tile's values from byte {@code from} on
   * @param tiles takes {@code channels × height × width} float32 from element {@code to} on
   * @return the tile's coded mask; empty where it has no special values
   */
  byte[] normalize(Tile tile, MemorySegment values, long from, MemorySegment tiles, long to) {
    SpecialMask mask = begin(tile);
    for (int c = 0; c < grid.channels(); c++) {
      long planeTo = to + (long) c * places;
      if (c < tile.planes()) {
        normalizePlane(tile, c, planeOf(values, from, c), mask);
        storePlane(tile, tiles, planeTo);
      } else {
        MemorySegment.copy(tiles, 4 * (planeTo - places), tiles, 4 * planeTo, 4L * places);
      }
    }
    return encoded(tile, mask);
  }

  /**
   * Completes a tile that was read into the memory of a lane that normalizes.
   *
   * @param values the tile's values from byte {@code at} on
   * @param index the tile's number in the batch
   * @return the tile's coded mask; empty where it has no special values
   */
  byte[] complete(Tile tile, MemorySegment values, long at, Backend.Lane lane, int index) {
    SpecialMask mask = begin(tile);
    boolean isNormalized = false;
    for (int c = 0; c < grid.channels(); c++) {
      MemorySegment own = planeOf(values, at, c);
      if (c >= tile.planes()) {
        own.copyFrom(planeOf(values, at, c - 1));
      } else if (mask != null && hasSpecials(tile, own)) {
        normalizePlane(tile, c, own, mask);
        storePlane(tile, own, 0);
        isNormalized = true;
      } else {
        pad(tile, own);
        isNormalized = false;
      }
      lane.plane(index, c, tile.slices()[c], isNormalized);
    }
    return encoded(tile, mask);
  }

  private MemorySegment planeOf(MemorySegment values, long at, int channel) {
    long bytes = (long) places * type.bytes();
    return values.asSlice(at + channel * bytes, bytes);
  }

  private SpecialMask begin(Tile tile) {
    Reflection.places(sourceRow, tile.rows());
    Reflection.places(sourceCol, tile.cols());
    return hasMasks
        ? SpecialMask.empty(tile.planes() * TileCell.rows(grid, tile) * TileCell.cols(grid, tile))
        : null;
  }

  private byte[] encoded(Tile tile, SpecialMask mask) {
    if (mask == null || mask.isEmpty()) {
      return NO_MASK;
    }
    int ownCols = TileCell.cols(grid, tile);
    return mask.encode(ownCols, TileCell.rows(grid, tile) * ownCols, specials, type);
  }

  private boolean isSpecial(double value, MemorySegment values, int index) {
    return !normalizer.inDomain(value) || FieldScan.isFill(info, values, index);
  }

  /**
   * Whether a tile that was read has a value that is not special.
   *
   * @param values the tile's values from byte {@code from} on
   */
  boolean hasOrdinary(Tile tile, MemorySegment values, long from) {
    for (int c = 0; c < tile.planes(); c++) {
      MemorySegment own = planeOf(values, from, c);
      for (int r = 0; r < tile.rows(); r++) {
        int first = r * tile.cols();
        type.read(own, first, row, tile.cols());
        for (int i = 0; i < tile.cols(); i++) {
          if (!isSpecial(row[i], own, first + i)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private boolean hasSpecials(Tile tile, MemorySegment values) {
    int cols = tile.cols();
    for (int from = 0; from < tile.rows() * cols; from += cols) {
      type.read(values, from, row, cols);
      for (int i = 0; i < cols; i++) {
        if (isSpecial(row[i], values, from + i)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Normalizes what was read of a plane into {@link #plane}. */
  private void normalizePlane(Tile tile, int c, MemorySegment values, SpecialMask mask) {
    boolean any = false;
    for (int r = 0; r < tile.rows(); r++) {
      any |= normalizeRow(tile, c, r, values, mask);
    }
    if (any) {
      Inpainting.fill(plane, special, tile.rows(), tile.cols());
    }
  }

  /** Normalizes one row into {@link #plane}; true if it holds special values. */
  private boolean normalizeRow(Tile tile, int c, int r, MemorySegment values, SpecialMask mask) {
    int cols = tile.cols();
    int from = r * cols;
    type.read(values, from, row, cols);
    boolean any = false;
    for (int i = 0; mask != null && i < cols; i++) {
      boolean isSpecial = isSpecial(row[i], values, from + i);
      special[from + i] = isSpecial;
      if (isSpecial) {
        any = true;
        row[i] = STAND_IN;
        mark(tile, c, r, i, type.getBits(values, from + i), mask);
      }
    }
    normalizer.forward(tile.slices()[c], row, cols);
    for (int i = 0; i < cols; i++) {
      plane[from + i] = (float) row[i];
    }
    return any;
  }

  private void mark(Tile tile, int c, int r, int i, long bits, SpecialMask mask) {
    int ownRows = TileCell.rows(grid, tile);
    int ownCols = TileCell.cols(grid, tile);
    if (r < ownRows && i < ownCols) {
      int place = (c * ownRows + r) * ownCols + i;
      mask.classes()[place] = (byte) specials.classOf(bits);
      mask.bits()[place] = bits;
    }
  }

  private void storePlane(Tile tile, MemorySegment tiles, long planeTo) {
    int width = grid.tileWidth();
    for (int r = 0; r < grid.tileHeight(); r++) {
      int from = sourceRow[r] * tile.cols();
      long to = planeTo + (long) r * width;
      MemorySegment.copy(plane, from, tiles, ValueLayout.JAVA_FLOAT, 4 * to, tile.cols());
      for (int i = tile.cols(); i < width; i++) {
        tiles.setAtIndex(ValueLayout.JAVA_FLOAT, to + i, plane[from + sourceCol[i]]);
      }
    }
  }

  /** Spreads what was read of a plane over the whole plane, in place. */
  private void pad(Tile tile, MemorySegment values) {
    int cols = tile.cols();
    int width = grid.tileWidth();
    long rowBytes = (long) width * type.bytes();
    // from the last row on: each goes to where later ones have been
    for (int r = tile.rows() - 1; r >= 0 && cols < width; r--) {
      long bytes = (long) cols * type.bytes();
      MemorySegment.copy(values, r * bytes, values, r * rowBytes, bytes);
      for (int i = cols; i < width; i++) {
        long bits = type.getBits(values, (long) r * width + sourceCol[i]);
        type.setBits(values, (long) r * width + i, bits);
      }
    }
    for (int r = tile.rows(); r < grid.tileHeight(); r++) {
      MemorySegment.copy(values, sourceRow[r] * rowBytes, values, r * rowBytes, rowBytes);
    }
  }

  /**
   * The inverse of {@link #normalize} or {@link #complete}: gives away that part of a tile's own
   * cell which lies in a selection.
   *
   * @param tiles the tile, blended, from element {@code at} on
   * @param restored whether it holds values of the field's type; else normalized float32
   * @param maskBytes the tile's coded mask; empty where it has none
   * @param sink receives the selection: its origin is the selection's
   * @param rest takes what the sink leaves to be done in order
   */
  void paste(
      Tile tile,
      MemorySegment tiles,
      long at,
      boolean restored,
      byte[] maskBytes,
      Selection selection,
      BoxSink sink,
      List<Runnable> rest)
      throws IOException {
    TileCell cell = TileCell.of(grid, tile, selection);
    if (cell.isEmpty()) {
      return;
    }
    SpecialMask mask = mask(tile, maskBytes);
    boolean asItIs =
        restored
            && mask == null
            && info.fillBits().isEmpty()
            && cell.partCols() == grid.tileWidth();
    for (int c = 0; c < tile.planes(); c++) {
      long slice = tile.slices()[c];
      if (!selection.contains(slice)) {
        continue;
      }
      long from = at + (long) c * places + (long) cell.firstRow() * grid.tileWidth();
      MemorySegment values = box;
      if (asItIs) {
        values = tiles.asSlice(from * type.bytes(), cell.partValues() * type.bytes());
      } else {
        fillBox(tiles, from + cell.firstCol(), slice, restored, cell);
        if (mask != null) {
          putBack(mask, c, cell);
        }
      }
      Runnable left =
          sink.take(
              slice - selection.firstSlice(),
              tile.row() + cell.firstRow() - selection.firstRow(),
              cell.partRows(),
              tile.col() + cell.firstCol() - selection.firstCol(),
              cell.partCols(),
              values);
      if (left != null) {
        rest.add(left);
      }
    }
  }

  private SpecialMask mask(Tile tile, byte[] maskBytes) {
    if (maskBytes.length == 0) {
      return null;
    }
    int ownCols = TileCell.cols(grid, tile);
    int ownPlaces = TileCell.rows(grid, tile) * ownCols;
    return SpecialMask.decode(
        maskBytes, tile.planes() * ownPlaces, ownCols, ownPlaces, specials, type);
  }

  /** Brings the wanted part of a plane into {@link #box}, in the field's type. */
  private void fillBox(
      MemorySegment tiles, long from, long slice, boolean restored, TileCell cell) {
    int cols = cell.partCols();
    for (int r = 0; r < cell.partRows(); r++) {
      long rowFrom = from + (long) r * grid.tileWidth();
      int to = r * cols;
      if (restored) {
        long bytes = type.bytes();
        MemorySegment.copy(tiles, rowFrom * bytes, box, to * bytes, cols * bytes);
      } else {
        MemorySegment.copy(tiles, ValueLayout.JAVA_FLOAT, 4 * rowFrom, plane, 0, cols);
        for (int i = 0; i < cols; i++) {
          row[i] = plane[i];
        }
        normalizer.inverse(slice, row, cols);
        type.write(box, to, row, cols);
      }
      if (info.fillBits().isPresent()) {
        FillNeighbour.keepFrom(info.fillBits().getAsLong(), type, box, to, cols);
      }
    }
  }

  private void putBack(SpecialMask mask, int c, TileCell cell) {
    for (int r = 0; r < cell.partRows(); r++) {
      int place = (c * cell.rows() + cell.firstRow() + r) * cell.cols() + cell.firstCol();
      int to = r * cell.partCols();
      for (int i = 0; i < cell.partCols(); i++) {
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
}
