package dev.tessera.codec;

import dev.tessera.field.Tile;

/**
 * Extents of a chunk, clipped at the field's end.
 *
 * @param depth planes
 * @param height rows of a plane
 * @param width columns of a plane
 * @param firstSlice slice of the field that the first plane is; the others follow it
 */
public record ChunkBox(int depth, int height, int width, long firstSlice) {
  static ChunkBox of(Tile tile) {
    return new ChunkBox(tile.planes(), tile.rows(), tile.cols(), tile.slices()[0]);
  }

  /** Number of values. */
  public int values() {
    return depth * height * width;
  }
}
