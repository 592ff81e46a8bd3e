package dev.tessera.train.data;

import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import java.util.ArrayList;
import java.util.List;

/**
 * The tiles that are validated on: of the grid by which the codec would cut each region, spread
 * evenly over it; regions have tiles in proportion to the square roots of their sizes, and one each
 * where there are enough.
 */
final class ValidationTiles {
  private final List<Crop> tiles = new ArrayList<>();

  ValidationTiles(List<Region> regions, DataOptions options) {
    double sum = regions.stream().mapToDouble(ValidationTiles::weight).sum();
    int most = options.validationTiles();
    double before = 0;
    for (int i = 0; i < regions.size(); i++) {
      before += weight(regions.get(i));
      long wanted = Math.round(before / sum * most) - tiles.size();
      int others = regions.size() - 1 - i;
      if (regions.size() <= most) {
        wanted = Math.clamp(wanted, 1, most - tiles.size() - others);
      }
      addTiles(regions.get(i), wanted, options);
    }
  }

  private static double weight(Region region) {
    return Math.sqrt(region.shape().elements());
  }

  private void addTiles(Region region, long wanted, DataOptions options) {
    TileGrid grid =
        new TileGrid(
            region.shape(),
            options.channels(),
            Math.max(0, region.shape().rank() - 3),
            options.patch(),
            options.patch(),
            0);
    long count = Math.min(wanted, grid.count());
    for (long i = 0; i < count; i++) {
      tiles.add(tile(region, grid.tile((2 * i + 1) * grid.count() / (2 * count))));
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
