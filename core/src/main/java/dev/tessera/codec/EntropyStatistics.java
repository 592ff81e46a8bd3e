package dev.tessera.codec;

import dev.tessera.bytes.Zstd;
import dev.tessera.container.StreamPlan;
import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.entropy.StreamRegion;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How often each channel of the latent is zero, measured on a few tiles before the first is
 * compressed. Symbols of a channel are zero together more often than tables, which know them one by
 * one, can tell; where a field has many tiles and the difference is worth its place in the header,
 * the measured frequencies are stored. They depend on the field, the model and the grid alone, not
 * on batches or threads.
 */
final class EntropyStatistics {
  /** Fields of fewer tiles do not repay the second look at some of them. */
  static final int MIN_TILES = 256;

  /** Tiles that are measured, spread evenly. */
  static final int SAMPLE = 16;

  private static final int TOTAL = 1 << 16;

  private EntropyStatistics() {}

  /**
   * The plan with measured frequencies, or the plan as it is where they do not pay. The sample has
   * batches of its own size: networks may round otherwise in others.
   */
  static StreamPlan refine(
      StreamPlan plan,
      TileFormat format,
      CdfTables tables,
      Backend backend,
      FieldSource field,
      TileGrid grid,
      TileTransfer transfer)
      throws IOException {
    if (plan.profile() != StreamPlan.Profile.COMPACT
        || format.side() != null
        || grid.count() < MIN_TILES) {
      return plan;
    }
    long[] alive = new long[format.latent().channels()];
    int batch = Math.clamp(backend.preferredBatch(format), 1, SAMPLE);
    LaneFormat laneFormat = new LaneFormat(format, null, transfer.values());
    try (TileLane lane = transfer.reading(backend.openLane(laneFormat, batch), batch)) {
      for (int done = 0; done < SAMPLE; ) {
        int count = Math.min(batch, SAMPLE - done);
        List<Tile> tiles = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          tiles.add(grid.tile((2L * (done + i) + 1) * grid.count() / (2 * SAMPLE)));
        }
        transfer.readInOrder(field, tiles, lane);
        transfer.cut(field, tiles, lane);
        long[] counts = lane.lane().aliveChannels(count);
        Arrays.setAll(alive, c -> alive[c] + counts[c]);
        done += count;
      }
    }
    return refine(plan, format, tables, alive, grid.count());
  }

  /**
   * The same from counts.
   *
   * @param alive of each channel, in how many of the sample's bands it is not zero
   * @param tiles tiles of the field
   */
  static StreamPlan refine(
      StreamPlan plan, TileFormat format, CdfTables tables, long[] alive, long tiles) {
    StreamLayout layout = format.latent();
    StreamRegion band = layout.region(0);
    long planes = (long) SAMPLE * layout.bands();
    int[] measured = new int[layout.channels()];
    double gain = 0;
    for (int c = 0; c < measured.length; c++) {
      long dead = planes - alive[c];
      int expected = ZeroFlags.derived(tables, c, band.rows() * layout.width());
      measured[c] = blend(dead, planes, expected);
      gain += bits(dead, planes, expected) - bits(dead, planes, measured[c]);
    }
    List<Integer> list = Arrays.stream(measured).boxed().toList();
    return gain * tiles / SAMPLE > 8.0 * storedBytes(measured)
        ? plan.withZeroFrequencies(list)
        : plan;
  }

  /**
   * What was seen, and the expectation of the tables in place of half an observation: a channel
   * that is never zero in the sample may be so elsewhere, and one that always is has a rare
   * exception if the tables say so.
   */
  private static int blend(long dead, long planes, int expected) {
    long twice = 2 * planes + 1;
    return Math.clamp((2 * (2 * TOTAL * dead + expected) + twice) / (2 * twice), 1, TOTAL - 1);
  }

  private static double bits(long dead, long planes, int frequency) {
    return dead * cost(frequency) + (planes - dead) * cost(TOTAL - frequency);
  }

  private static double cost(int frequency) {
    return StrictMath.log((double) TOTAL / frequency) / StrictMath.log(2);
  }

  private static int storedBytes(int[] frequencies) {
    ByteBuffer bytes = ByteBuffer.allocate(Short.BYTES * frequencies.length);
    for (int frequency : frequencies) {
      bytes.putShort(Short.reverseBytes((short) frequency));
    }
    return Zstd.pack(bytes.array()).length;
  }
}
