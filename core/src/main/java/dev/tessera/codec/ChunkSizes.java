package dev.tessera.codec;

import dev.tessera.container.Header;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;

/**
 * How a field is cut into chunks. They are the tiles of a {@link TileGrid} without overlap and
 * padding: {@code channels} planes along the group axis, clipped at the field's end. A chunk has
 * about a million values, so that what it costs by itself is little and many of them fit into
 * memory; its sides are multiples of the blocks in which values are predicted, so that only blocks
 * at the field's end are cut.
 */
final class ChunkSizes {
  /** Values of a chunk where the field has them. */
  static final int VALUES = 1 << 20;

  /** Most values of a chunk that is written; it has to fit into memory several times. */
  private static final int LARGEST = 1 << 24;

  /** Most values of a chunk that is read. */
  private static final int MAX_VALUES = 1 << 26;

  private static final int DEPTH = 64;
  private static final int SIDE = 128;

  /** Depth of a block. */
  private static final int BLOCK_PLANES = 8;

  private static final int BLOCK_ROWS = 16;

  /** Rows of a block of a single plane. */
  private static final int PLANE_BLOCK_ROWS = 128;

  private static final int BLOCK_COLS = 32;

  private ChunkSizes() {}

  /**
   * The chunks of a field.
   *
   * @throws TesseraException.Invalid if the options do not suit it
   */
  static TileGrid choose(Shape shape, CodecOptions options) {
    if (options.overlap() != 0) {
      throw new TesseraException.Invalid(
          "chunks of a pipeline do not overlap: leave out --overlap, or name a --model");
    }
    int leading = Math.max(0, shape.rank() - 2);
    int axis = options.groupAxis() >= 0 ? options.groupAxis() : Math.max(0, leading - 1);
    long planes = leading > 0 && axis < leading ? shape.dim(axis) : 1;
    // three planes would leave every fourth place of their blocks empty
    long depth = planes == 3 ? 1 : planes;
    long side = SIDE;
    while (4 * side * side * Math.min(DEPTH, depth) <= VALUES) {
      side *= 2;
    }
    boolean free = options.tileHeight() == 0 && options.tileWidth() == 0;
    long height = side(options.tileHeight(), side, shape.height());
    long width = side(options.tileWidth(), side, shape.width());
    long deep = Math.min(depth, fill(height * width, BLOCK_PLANES));
    if (free) {
      int blockRows = deep == 1 ? PLANE_BLOCK_ROWS : BLOCK_ROWS;
      width = Math.min(shape.width(), Math.max(width, fill(deep * height, BLOCK_COLS)));
      height = Math.min(shape.height(), Math.max(height, fill(deep * width, blockRows)));
    }
    if (height * width > LARGEST) {
      throw new TesseraException.Invalid(
          "a chunk of " + height + "x" + width + " values is too large: choose a smaller --tile");
    }
    deep = Math.min(deep, LARGEST / (height * width));
    return new TileGrid(shape, (int) deep, axis, roundUp(height), roundUp(width), 0);
  }

  private static long side(int wanted, long standard, long extent) {
    return switch (wanted) {
      case CodecOptions.FULL -> extent;
      case 0 -> Math.min(standard, extent);
      default -> Math.min(wanted, extent);
    };
  }

  /** How often {@code values} go into a chunk, as a multiple of {@code unit}. */
  private static long fill(long values, int unit) {
    return Math.max(unit, VALUES / values / unit * unit);
  }

  private static int roundUp(long extent) {
    return Math.toIntExact(Math.ceilDiv(extent, (long) TileGrid.UNIT) * TileGrid.UNIT);
  }

  /**
   * Fails unless the chunks of a header fit into memory.
   *
   * @throws TesseraException.Corrupt if they are none that a writer makes
   * @throws TesseraException.Unsupported if they are too large for this machine
   */
  static void check(Header header) {
    TileGrid grid = header.grid();
    if (grid.overlap() != 0) {
      throw new TesseraException.Corrupt("the header lets chunks overlap, which they never do", -1);
    }
    if (values(grid) > MAX_VALUES) {
      throw new TesseraException.Unsupported(
          "the file has chunks of %d values, but at most %d fit"
              .formatted(values(grid), MAX_VALUES));
    }
    // coded bytes, exact values, a mask
    Memory.requireHeap(values(grid) * (8 + header.field().type().bytes()), "a chunk of the file");
  }

  /** Values of the largest chunk. */
  static long values(TileGrid grid) {
    Shape shape = grid.shape();
    int leading = Math.max(0, shape.rank() - 2);
    long planes = leading > 0 ? shape.dim(grid.groupAxis()) : 1;
    return Math.min(planes, grid.channels())
        * Math.min(shape.height(), grid.tileHeight())
        * Math.min(shape.width(), grid.tileWidth());
  }
}
