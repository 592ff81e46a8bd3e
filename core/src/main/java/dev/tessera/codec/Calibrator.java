package dev.tessera.codec;

import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Calibration;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.transform.ActivationRanges;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Looks at what passes between a model's layers on some tiles of some fields, for computing in
 * e4m3. Fields are cut and normalized as {@link Codec#compress} does. For one thread at a time.
 */
public final class Calibrator implements AutoCloseable {
  /** Tiles that run together. */
  private static final int BATCH = 8;

  private final Model model;
  private final CodecOptions options;
  private final ActivationRanges ranges;
  private long tiles;

  /**
   * Prepares the networks, on the CPU.
   *
   * @param options normalizer, tiles and threads; the rest does not matter
   * @throws TesseraException.Invalid if the model can only decode
   */
  public Calibrator(Model model, CodecOptions options) {
    if (!model.has(Network.G_A)) {
      throw new TesseraException.Invalid(
          "model " + model.name() + " can only decompress: calibrate the complete model");
    }
    this.model = model;
    this.options = options;
    this.ranges = new ActivationRanges(model, options.threads());
  }

  /**
   * Looks at tiles that are spread evenly over a field.
   *
   * @param name what messages call the field
   * @param most how many at most
   * @throws TesseraException.Invalid if the field has no value that networks could be given
   */
  public void add(String name, FieldSource field, int most) throws IOException {
    TileGrid grid = new TileSizes(model).choose(field.info().shape(), options);
    FieldScan scan;
    try (WorkPool pool = WorkPool.of(options)) {
      scan = FieldScan.of(field, TileCodec.normalizer(model, options), options.progress(), pool);
    }
    if (scan.ordinary() == 0) {
      throw new TesseraException.Invalid(
          "'"
              + name
              + "' has no value to measure with: all are NaN, infinite, fill values or nothing that"
              + " the normalizer takes");
    }
    Tiler tiler =
        new Tiler(field.info(), grid, scan.normalizer(), scan.specials(), scan.hasSpecials());
    int wanted = (int) Math.min(most, grid.count());
    try (Arena arena = Arena.ofShared()) {
      MemorySegment batch =
          arena.allocate(4L * Math.min(BATCH, wanted) * grid.tileElements(), Float.BYTES);
      MemorySegment values = arena.allocate(Tiler.tileBytes(field.info(), grid), Double.BYTES);
      for (int done = 0; done < wanted; ) {
        int count = Math.min(BATCH, wanted - done);
        for (int i = 0; i < count; i++) {
          Tile tile = grid.tile((2L * (done + i) + 1) * grid.count() / (2L * wanted));
          Tiler.read(field, grid, tile, values, 0);
          if (tiler.hasOrdinary(tile, values, 0)) {
            tiles++;
          }
          tiler.normalize(tile, values, 0, batch, (long) i * grid.tileElements());
        }
        ranges.add(
            batch.asSlice(0, 4L * count * grid.tileElements()),
            count,
            grid.tileHeight(),
            grid.tileWidth());
        done += count;
        long each = grid.tileElements();
        options.progress().update(Progress.Phase.CALIBRATE, done * each, wanted * each);
      }
    }
  }

  /** Tiles that were looked at and have values that are not special. */
  public long tiles() {
    return tiles;
  }

  /**
   * What was found; see {@link ActivationRanges#finish}.
   *
   * @throws TesseraException.Invalid if no tile had a value that is not special
   */
  public Calibration finish(double percentile, boolean clip) {
    if (tiles == 0) {
      throw new TesseraException.Invalid(
          "no tile that was looked at has a value to measure with: look at more of them or at other"
              + " data");
    }
    return ranges.finish(percentile, clip);
  }

  @Override
  public void close() {
    ranges.close();
  }
}
