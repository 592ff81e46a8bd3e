package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.PredictorChoice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Settles what a pipeline leaves open, the predictor or the encoder, on samples spread through the
 * field. What is found depends on the field and its chunks alone, not on batches, threads or the
 * device.
 */
final class PipelineChoice {
  // a sample has about 65,536 values in whole blocks
  private static final int DEPTH = 16;
  private static final int SIDE = 64;
  private static final int PLANE_SIDE = 256;
  private static final int LENGTH = 1 << 16;

  private static final int FEWEST = 4;
  private static final int MOST = 16;

  /** A sample for so many values of the field. */
  private static final long VALUES_PER_SAMPLE = 1L << 21;

  /** Multiples of the golden ratio fall everywhere, whatever the number of columns. */
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  private final ChunkScan scan;
  private final FieldInfo info;
  private final TileGrid samples;

  /**
   * @param scan what the field's values are quantized with
   * @param chunks how the field is cut
   */
  PipelineChoice(ChunkScan scan, FieldInfo info, TileGrid chunks) {
    this.scan = scan;
    this.info = info;
    boolean row = info.shape().height() == 1;
    int side = chunks.channels() == 1 ? PLANE_SIDE : SIDE;
    this.samples =
        new TileGrid(
            info.shape(),
            Math.min(chunks.channels(), DEPTH),
            chunks.groupAxis(),
            row ? TileGrid.UNIT : Math.min(chunks.tileHeight(), side),
            row ? Math.min(chunks.tileWidth(), LENGTH) : Math.min(chunks.tileWidth(), side),
            0);
  }

  /** The pipeline with everything settled; the same if it is already. */
  PipelineSpec resolve(FieldSource field, PipelineSpec spec) throws IOException {
    if (spec.isResolved()) {
      return spec;
    }
    List<PredictorChoice.Sample> taken = new ArrayList<>();
    long count =
        Math.min(
            samples.count(), Math.clamp(info.shape().elements() / VALUES_PER_SAMPLE, FEWEST, MOST));
    for (long i = 0; i < count; i++) {
      double place = (i + 0.5) * GOLDEN;
      long number =
          count == samples.count() ? i : (long) ((place - Math.floor(place)) * samples.count());
      taken.add(sample(field, spec, samples.tile(number)));
    }
    return PredictorChoice.resolve(
        spec, info.type(), scan.normalizer(), scan.quantization(), info.fillBits(), taken);
  }

  /** A part of the field, its special values replaced. */
  private PredictorChoice.Sample sample(FieldSource field, PipelineSpec spec, Tile tile)
      throws IOException {
    DataType type = info.type();
    ChunkBox box = ChunkBox.of(tile);
    MemorySegment values =
        MemorySegment.ofArray(new byte[Math.multiplyExact(box.values(), type.bytes())]);
    ChunkTransfer transfer = new ChunkTransfer(info, scan.specials());
    transfer.read(field, tile, values, 0);
    if (scan.hasSpecials()) {
      SpecialFinder finder = new SpecialFinder(info, spec.appliedNormalizer());
      transfer.setAside(values, box, finder, new boolean[box.values()], scan.ordinaryBits(type));
    }
    return new PredictorChoice.Sample(
        values, box.depth(), box.height(), box.width(), box.firstSlice());
  }
}
