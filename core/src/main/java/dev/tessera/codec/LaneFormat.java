package dev.tessera.codec;

import dev.tessera.field.DataType;

/**
 * What a lane is opened for: the same for all of its batches.
 *
 * @param tiles sizes of tiles and how their latents are coded
 * @param pipeline what codes latents in place of the model's tables, with one stream a tile; null
 *     for the tables
 * @param values what stands in {@link Backend.Lane#tiles}: a field's own values; null for
 *     normalized float32
 */
public record LaneFormat(TileFormat tiles, LatentFormat pipeline, FieldValues values) {
  /** Normalized tiles, and the model's tables. */
  static LaneFormat of(TileFormat tiles) {
    return new LaneFormat(tiles, null, null);
  }

  /** Type of what stands in {@link Backend.Lane#tiles}. */
  public DataType type() {
    return values == null ? DataType.FLOAT32 : values.type();
  }

  /** Bytes of a tile in {@link Backend.Lane#tiles}. */
  public long tileBytes() {
    return (long) type().bytes() * tiles.elements();
  }

  /** Bytes of one of its planes. */
  public long planeBytes() {
    return tileBytes() / tiles.channels();
  }
}
