package dev.tessera.codec;

import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import dev.tessera.quant.SpecialValues;
import dev.tessera.transform.Normalizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Batches of tiles to the memory of a lane, and back, tile by tile on the codec's workers; only
 * what allows one thread at a time is read by the calling one, in order.
 */
final class TileTransfer {
  private final FieldInfo info;
  private final TileGrid grid;
  private final Normalizer normalizer;
  private final SpecialValues specials;
  private final boolean hasMasks;
  private final FieldValues values;
  private final WorkPool pool;
  private final Queue<Tiler> idle = new ConcurrentLinkedQueue<>();

  /**
   * @param laneNormalizes whether lanes take the field's own values; else tiles are normalized here
   */
  TileTransfer(
      FieldInfo info,
      TileGrid grid,
      Normalizer normalizer,
      SpecialValues specials,
      boolean hasMasks,
      boolean laneNormalizes,
      WorkPool pool) {
    this.info = info;
    this.grid = grid;
    this.normalizer = normalizer;
    this.specials = specials;
    this.hasMasks = hasMasks;
    this.values = laneNormalizes ? new FieldValues(info.type(), normalizer) : null;
    this.pool = pool;
  }

  /** What stands in the memory of lanes; null for normalized tiles. */
  FieldValues values() {
    return values;
  }

  /** A lane for {@link #cut}. */
  TileLane reading(Backend.Lane lane, int capacity) {
    return values != null
        ? TileLane.alone(lane)
        : TileLane.beside(lane, capacity * Tiler.tileBytes(info, grid));
  }

  /** Reads a batch on the calling thread, where the field wants that; else {@link #cut} does. */
  void readInOrder(FieldSource field, List<Tile> batch, TileLane lane) throws IOException {
    for (int i = 0; !field.isConcurrent() && i < batch.size(); i++) {
      Tiler.read(field, grid, batch.get(i), lane.values(), i * Tiler.tileBytes(info, grid));
    }
  }

  /**
   * Makes of a batch what the lane takes.
   *
   * @return the tiles' coded masks
   * @throws UncheckedIOException if the field cannot be read
   */
  byte[][] cut(FieldSource field, List<Tile> batch, TileLane lane) {
    byte[][] masks = new byte[batch.size()][];
    forEachTile(
        batch.size(),
        (tiler, i) -> {
          long from = i * Tiler.tileBytes(info, grid);
          MemorySegment tiles = lane.lane().tiles();
          if (field.isConcurrent()) {
            Tiler.read(field, grid, batch.get(i), lane.values(), from);
          }
          masks[i] =
              values == null
                  ? tiler.normalize(
                      batch.get(i), lane.values(), from, tiles, (long) i * grid.tileElements())
                  : tiler.complete(batch.get(i), lane.values(), from, lane.lane(), i);
        });
    return masks;
  }

  /** Says which slices a batch will be decoded to. */
  void announce(List<TileSelector.Selected> batch, Backend.Lane lane) {
    for (int i = 0; values != null && i < batch.size(); i++) {
      long[] slices = batch.get(i).tile().slices();
      for (int c = 0; c < slices.length; c++) {
        lane.plane(i, c, slices[c], false);
      }
    }
  }

  /**
   * Gives away a batch that was decoded.
   *
   * @return what is left to be done, in order
   * @throws UncheckedIOException if the sink does not take it
   */
  List<Runnable> paste(
      List<TileSelector.Selected> batch, Backend.Lane lane, Selection selection, BoxSink sink) {
    List<List<Runnable>> rest = new ArrayList<>();
    batch.forEach(tile -> rest.add(new ArrayList<>()));
    forEachTile(
        batch.size(),
        (tiler, i) ->
            tiler.paste(
                batch.get(i).tile(),
                lane.tiles(),
                (long) i * grid.tileElements(),
                values != null,
                batch.get(i).record().mask(),
                selection,
                sink,
                rest.get(i)));
    return rest.stream().flatMap(List::stream).toList();
  }

  private interface TileWork {
    void run(Tiler tiler, int index) throws IOException;
  }

  private void forEachTile(int count, TileWork work) {
    ParallelLoop.run(
        pool.workers(),
        count,
        "tiles",
        i -> {
          Tiler free = idle.poll();
          Tiler tiler = free != null ? free : new Tiler(info, grid, normalizer, specials, hasMasks);
          try {
            work.run(tiler, i);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          idle.add(tiler);
        });
  }
}
