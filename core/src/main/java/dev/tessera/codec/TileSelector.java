package dev.tessera.codec;

import dev.tessera.container.ContainerReader;
import dev.tessera.container.TileRecord;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import java.util.ArrayList;
import java.util.List;

/**
 * Walks over the tiles of a container that hold a part of a selection, reading each group that has
 * one once.
 */
final class TileSelector {
  /** A tile and what the container holds of it. */
  record Selected(Tile tile, TileRecord record) {}

  private final ContainerReader container;
  private final Selection selection;
  private final int streamsPerTile;
  private final TileGrid grid;
  private long next;
  private int group = -1;
  private List<TileRecord> records = List.of();

  TileSelector(ContainerReader container, Selection selection, int streamsPerTile) {
    this.container = container;
    this.selection = selection;
    this.streamsPerTile = streamsPerTile;
    this.grid = container.header().grid();
  }

  /** The next tiles, at most {@code count}; none at the end. */
  List<Selected> next(int count) {
    List<Selected> batch = new ArrayList<>();
    for (; batch.size() < count && next < grid.count(); next++) {
      Tile tile = grid.tile(next);
      if (!selection.touches(tile)) {
        continue;
      }
      if (container.groupOf(next) != group) {
        group = container.groupOf(next);
        records = container.readGroup(group, streamsPerTile);
      }
      batch.add(new Selected(tile, records.get((int) (next - container.firstTile(group)))));
    }
    return batch;
  }
}
