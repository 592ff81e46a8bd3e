package dev.tessera.codec;

import dev.tessera.field.FieldSource;
import dev.tessera.field.TileGrid;
import dev.tessera.transform.NormalizerChoice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** What the codec itself makes of a field, tile by tile. */
public final class CodecTiles {
  private CodecTiles() {}

  /** All tiles of a field, cut and normalized as {@link Codec#compress} does. */
  public static List<float[]> of(FieldSource field, NormalizerChoice choice, TileGrid grid)
      throws IOException {
    FieldScan scan;
    try (WorkPool pool = WorkPool.of(CodecOptions.DEFAULTS)) {
      scan = FieldScan.of(field, choice, Progress.NONE, pool);
    }
    Tiler tiler =
        new Tiler(field.info(), grid, scan.normalizer(), scan.specials(), scan.hasSpecials());
    MemorySegment values =
        MemorySegment.ofArray(
            new double[Math.toIntExact(Tiler.tileBytes(field.info(), grid) / 8 + 1)]);
    List<float[]> tiles = new ArrayList<>();
    for (long i = 0; i < grid.count(); i++) {
      float[] tile = new float[grid.tileElements()];
      Tiler.read(field, grid, grid.tile(i), values, 0);
      tiler.normalize(grid.tile(i), values, 0, MemorySegment.ofArray(tile), 0);
      tiles.add(tile);
    }
    return tiles;
  }
}
