package dev.tessera.train.data;

import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import java.util.ArrayList;
import java.util.List;

/**
 * The tiles that are validated on: of the grid by which the codec would cut each region, spread
 * evenly over it; regions have as many as the square roots of their sizes ask for.
 */
final class ValidationTiles {
  private final List<Crop> tiles = new ArrayList<>();

  ValidationTiles(List<Region> regions, DataOptions options) {
    double sum = regions.stream().mapToDouble(region -> Math.sqrt(region.shape().elements())).sum();
    for (Region region : regions) {
      TileGrid grid =
          new TileGrid(
              region.shape(),
              options.channels(),
              Math.max(0, region.shape().rank() - 3),
              options.patch(),
              options.patch(),
              0);
      double part = Math.sqrt(region.shape().elements()) / sum;
      long wanted = Math.max(1, (long) (part * options.validationTiles()));
      wanted = Math.min(Math.min(wanted, grid.count()), options.validationTiles() - tiles.size());
      for (long i = 0; i < wanted; i++) {
        tiles.add(tile(region, grid.tile((2 * i + 1) * grid.count() / (2 * wanted))));
      }
    }
  }

  private static Crop tile(Region region, Tile tile) {
    long depth = region.extent()[0];
    long slice = tile.slices()[0];
    long[] from = region.from().clone();
    from[0] += slice % depth;
    from[1] += tile.row();
    from[2] += tile.col();
    return new Crop(
        region.field(),
        region.firstVolume() + slice / depth,
        from,
        new int[] {tile.planes(), tile.rows(), tile.cols()},
        Orientation.Z,
        false,
        new boolean[3],
        0);
  }

  int count() {
    return tiles.size();
  }

  Crop tile(int index) {
    return tiles.get(index);
  }
}
