package dev.tessera.codec;

import dev.tessera.container.Header;
import dev.tessera.container.StreamPlan;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;

/** Which tiles a model takes: how a writer chooses them and what a reader accepts. */
record TileSizes(Model model) {
  private static final int DEFAULT_TILE = 128;

  /**
   * The tiles of a field.
   *
   * @throws TesseraException.Invalid if the options do not suit the model or the field
   */
  TileGrid choose(Shape shape, CodecOptions options) {
    int axis = options.groupAxis() >= 0 ? options.groupAxis() : Math.max(0, shape.rank() - 3);
    TileGrid grid =
        new TileGrid(
            shape,
            model.inputChannels(),
            axis,
            side(options.tileHeight(), shape.height()),
            side(options.tileWidth(), shape.width()),
            options.overlap());
    requireMemory(grid);
    return grid;
  }

  private int side(int wanted, long extent) {
    if (wanted > 0 && wanted % unit() != 0) {
      throw new TesseraException.Invalid(
          "the tiles of "
              + model.architecture().id()
              + " are multiples of "
              + unit()
              + ", not "
              + wanted);
    }
    long side =
        switch (wanted) {
          case CodecOptions.FULL -> roundUp(extent);
          case 0 -> Math.min(DEFAULT_TILE, roundUp(extent));
          default -> Math.min(wanted, roundUp(extent));
        };
    if (side > 1 << 20) {
      throw new TesseraException.Invalid(
          "a tile cannot be " + side + " wide: choose a smaller --tile");
    }
    return (int) side;
  }

  /**
   * What a tile's sides must be multiples of, so that the model's smallest image comes out even.
   */
  private int unit() {
    Architecture architecture = model.architecture();
    return Math.max(architecture.latentStride(), architecture.sideStride());
  }

  private long roundUp(long extent) {
    return Math.ceilDiv(extent, (long) unit()) * unit();
  }

  /**
   * Fails if a header does not suit the model.
   *
   * @throws TesseraException.Invalid if it names another model
   * @throws TesseraException.Corrupt if its numbers contradict the model
   */
  void check(Header header) {
    if (!model.id().startsWith(header.modelId())) {
      throw new TesseraException.Invalid(
          "the file was made with model "
              + header.modelId()
              + ", not with "
              + model.name()
              + " ("
              + model.id().substring(0, 32)
              + ")");
    }
    TileGrid grid = header.grid();
    Shape shape = header.field().shape();
    if (grid.channels() != model.inputChannels()
        || grid.tileHeight() % unit() != 0
        || grid.tileWidth() % unit() != 0
        || grid.tileHeight() > roundUp(shape.height())
        || grid.tileWidth() > roundUp(shape.width())
        || !(header.hasPipeline() || suits(header.streamPlan()))) {
      throw new TesseraException.Corrupt("the header contradicts the model", -1);
    }
    requireMemory(grid);
  }

  private boolean suits(StreamPlan plan) {
    boolean side =
        model.architecture().hasHyperprior()
            ? plan.sideChannelsPerStream() >= 1
                && plan.sideRowsPerStream() >= 1
                && plan.sideChannelsPerStream() <= model.n()
            : plan.sideChannelsPerStream() == 0 && plan.sideRowsPerStream() == 0;
    return side && plan.channelsPerStream() <= model.m();
  }

  private static void requireMemory(TileGrid grid) {
    long places = (long) grid.tileHeight() * grid.tileWidth();
    String what = "a tile of " + grid.tileHeight() + "x" + grid.tileWidth();
    if (places * grid.channels() > Integer.MAX_VALUE / 4) {
      throw new TesseraException.Unsupported(what + " is too large: use smaller tiles");
    }
    // raw box, plane, flags, and on the way back the cell and its mask
    Memory.requireHeap(places * 32 * grid.channels(), what);
  }
}
