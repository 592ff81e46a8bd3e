package dev.tessera.codec;

import dev.tessera.field.TesseraException;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Blends overlapping tiles with Hann weights that add up to one. Tiles come in the grid's order;
 * each gives back its own cell, complete: what it shares with the tiles below and to the right is
 * carried over to them.
 */
final class Crossfade {
  private final TileGrid grid;
  private final int overlap;
  private final float[] ramp;
  private final float[] tile;

  /**
   * What the tile to the left gave to the columns it shares with this one: {@code channels × height
   * × overlap}.
   */
  private final float[] left;

  /**
   * What the tiles above gave to the rows they share with this row of tiles: {@code channels ×
   * overlap × columns}.
   */
  private float[] above;

  private float[] below;
  private long lastIndex = -1;

  /** For a grid whose tiles overlap. */
  Crossfade(TileGrid grid) {
    this.grid = grid;
    this.overlap = grid.overlap();
    this.ramp = new float[overlap];
    for (int i = 0; i < overlap; i++) {
      double sine = Math.sin(Math.PI / 2 * (i + 0.5) / overlap);
      ramp[i] = (float) (sine * sine);
    }
    this.tile = new float[grid.tileElements()];
    this.left = new float[grid.channels() * grid.tileHeight() * overlap];
    long size = (long) grid.channels() * overlap * grid.shape().width();
    if (size > Integer.MAX_VALUE - 8 || 8 * size > Runtime.getRuntime().maxMemory() / 2) {
      throw new TesseraException.Unsupported(
          "blending rows of "
              + grid.shape().width()
              + " values needs more memory than there is: use --overlap 0 or a larger -Xmx");
    }
    above = new float[(int) size];
    below = new float[(int) size];
  }

  /**
   * Completes a tile's own cell, in place.
   *
   * @param tiles {@code channels × height × width} values from element {@code at} on
   */
  void blend(Tile t, MemorySegment tiles, long at) {
    int ownRows = TileCell.rows(grid, t);
    int ownCols = TileCell.cols(grid, t);
    MemorySegment.copy(tiles, ValueLayout.JAVA_FLOAT, 4 * at, tile, 0, tile.length);
    weigh(t, ownRows, ownCols);
    carry(t, ownRows, ownCols);
    MemorySegment.copy(tile, 0, tiles, ValueLayout.JAVA_FLOAT, 4 * at, tile.length);
  }

  private void weigh(Tile t, int ownRows, int ownCols) {
    int height = grid.tileHeight();
    int width = grid.tileWidth();
    for (int c = 0; c < grid.channels(); c++) {
      for (int r = 0; r < t.rows(); r++) {
        float rowWeight = weight(r, t.row() > 0, ownRows, t.rows());
        for (int i = 0; i < t.cols(); i++) {
          tile[(c * height + r) * width + i] *=
              rowWeight * weight(i, t.col() > 0, ownCols, t.cols());
        }
      }
    }
  }

  private float weight(int i, boolean hasBefore, int own, int inside) {
    if (hasBefore && i < overlap) {
      return ramp[i];
    }
    return own < inside && i >= own ? 1 - ramp[i - own] : 1;
  }

  private void carry(Tile t, int ownRows, int ownCols) {
    int height = grid.tileHeight();
    int width = grid.tileWidth();
    int fieldWidth = Math.toIntExact(grid.shape().width());
    boolean sameBand = lastIndex >= 0 && t.index() / grid.tileCols() == lastIndex / grid.tileCols();
    if (!sameBand) {
      float[] swap = above;
      above = below;
      below = swap;
      Arrays.fill(below, 0);
    }
    boolean fromLeft = sameBand && t.index() == lastIndex + 1;
    lastIndex = t.index();
    for (int c = 0; c < grid.channels(); c++) {
      for (int r = 0; r < t.rows(); r++) {
        int from = (c * height + r) * width;
        for (int i = 0; fromLeft && i < Math.min(overlap, t.cols()); i++) {
          tile[from + i] += left[(c * height + r) * overlap + i];
        }
        int strip = (c * overlap) * fieldWidth + (int) t.col();
        if (t.row() > 0 && r < overlap) {
          for (int i = 0; i < ownCols; i++) {
            tile[from + i] += above[strip + r * fieldWidth + i];
          }
        }
        if (r >= ownRows) {
          for (int i = 0; i < ownCols; i++) {
            below[strip + (r - ownRows) * fieldWidth + i] = tile[from + i];
          }
        }
        for (int i = ownCols; i < t.cols(); i++) {
          left[(c * height + r) * overlap + i - ownCols] = tile[from + i];
        }
      }
    }
  }
}
