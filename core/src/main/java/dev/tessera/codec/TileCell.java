package dev.tessera.codec;

import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;

/**
 * A tile's own cell, which is what it does not share with the tiles below and to the right, and the
 * part of it that lies in a selection.
 *
 * @param rows rows of the cell
 * @param cols columns of the cell
 * @param firstRow first row of the part, from the tile's first one on
 * @param partRows rows of the part; not positive where the part is empty
 * @param firstCol first column of the part
 * @param partCols columns of the part; not positive where the part is empty
 */
record TileCell(int rows, int cols, int firstRow, int partRows, int firstCol, int partCols) {
  static TileCell of(TileGrid grid, Tile tile, Selection selection) {
    int rows = rows(grid, tile);
    int cols = cols(grid, tile);
    int firstRow = (int) Math.max(0, selection.firstRow() - tile.row());
    int endRow = (int) Math.min(rows, selection.firstRow() + selection.rows() - tile.row());
    int firstCol = (int) Math.max(0, selection.firstCol() - tile.col());
    int endCol = (int) Math.min(cols, selection.firstCol() + selection.cols() - tile.col());
    return new TileCell(rows, cols, firstRow, endRow - firstRow, firstCol, endCol - firstCol);
  }

  /** Rows of a tile's own cell. */
  static int rows(TileGrid grid, Tile tile) {
    boolean last = tile.row() + grid.tileHeight() >= grid.shape().height();
    return last ? tile.rows() : grid.tileHeight() - grid.overlap();
  }

  /** Columns of a tile's own cell. */
  static int cols(TileGrid grid, Tile tile) {
    boolean last = tile.col() + grid.tileWidth() >= grid.shape().width();
    return last ? tile.cols() : grid.tileWidth() - grid.overlap();
  }

  boolean isEmpty() {
    return partRows <= 0 || partCols <= 0;
  }

  /** Values of the part in each plane. */
  long partValues() {
    return (long) partRows * partCols;
  }
}
