package dev.tessera.codec;

import dev.tessera.bytes.Zstd;
import dev.tessera.container.ContainerReader;
import dev.tessera.container.ContainerWriter;
import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.container.StreamPlan;
import dev.tessera.container.TileRecord;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import dev.tessera.model.Calibration;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.quant.SpecialValues;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerChoice;
import dev.tessera.transform.NormalizerSpec;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The way through a model: a field is cut into normalized tiles, a {@link Backend} turns them into
 * streams, a container holds the streams; and back.
 */
final class TileCodec implements FieldCodec {
  /** What models without a normalizer of their own were trained on: values in 0…1. */
  private static final String DEFAULT_NORMALIZER = "range";

  private final Model model;
  private final Optional<PipelineSpec> latentPipeline;
  private final CodecOptions options;
  private final WorkPool pool;
  private final TileSizes sizes;
  private final Backend backend;

  /**
   * Opens a backend for the model.
   *
   * @param latentPipeline what codes latents in place of the model's tables
   * @throws TesseraException.Unsupported if the device is not there
   * @throws TesseraException.Invalid if fp8 is asked of a model that was never calibrated
   */
  TileCodec(
      Model model, Optional<PipelineSpec> latentPipeline, CodecOptions options, WorkPool pool) {
    this.model = model;
    this.latentPipeline = latentPipeline.map(LatentFormat::settled);
    this.options = options;
    this.pool = pool;
    this.sizes = new TileSizes(model);
    this.latentPipeline.ifPresent(LatentFormat::requireSuitable);
    requireCalibration(model, options.precisions());
    this.backend =
        Backends.choose(
                options.device(),
                Backend.Provider::preferenceForModels,
                provider ->
                    provider
                        .unavailable(model, options.precisions())
                        .or(() -> this.latentPipeline.flatMap(provider::unavailableBehindModel)))
            .open(
                new Backend.Settings(model, options.precisions(), pool.threads(), pool.workers()));
  }

  private static void requireCalibration(Model model, Precisions precisions) {
    for (Network network : model.architecture().networks()) {
      if (precisions.of(network) == Precision.FP8 && model.has(network)) {
        Calibration.of(model).require(model.architecture(), network);
      }
    }
  }

  /** The normalizer that was asked for, or else the model's. */
  static NormalizerChoice normalizer(Model model, CodecOptions options) {
    return options
        .normalizer()
        .orElseGet(() -> NormalizerChoice.parse(model.normalizer().orElse(DEFAULT_NORMALIZER)));
  }

  @Override
  public String device() {
    return backend.description();
  }

  @Override
  public long compress(FieldSource field, OutputStream out) throws IOException {
    if (!model.has(Network.G_A)) {
      throw new TesseraException.Invalid(
          "model " + model.name() + " can only decompress: use the complete model to compress");
    }
    FieldInfo info = field.info();
    TileGrid grid = sizes.choose(info.shape(), options);

    FieldScan scan = FieldScan.of(field, normalizer(model, options), options.progress(), pool);
    // the stand-ins for special values are float32, whatever the field's type
    boolean laneNormalizes =
        backend.takesFieldValues(Network.G_A)
            && (info.type().bytes() >= Float.BYTES || !scan.hasSpecials());
    TileTransfer transfer =
        new TileTransfer(
            info,
            grid,
            scan.normalizer(),
            scan.specials(),
            scan.hasSpecials(),
            laneNormalizes,
            pool);
    List<Stage> stages = new ArrayList<>();
    stages.add(
        new Stage(
            Stage.NORMALIZER, scan.normalizer().spec().encode(), scan.normalizer().parameters()));
    stages.add(Header.modelStage(model.id()));
    if (latentPipeline.isPresent()) {
      stages.addAll(PipelineStages.behindModel(latentPipeline.get()));
    } else {
      stages.add(Header.entropyStage(plan(field, grid, transfer)));
    }
    Header header =
        new Header(
            info,
            grid,
            stages,
            scan.specials().patterns(),
            scan.hasSpecials(),
            backend.arithmetic().equals(Backend.CPU_ARITHMETIC) ? "" : backend.arithmetic(),
            options.embedModel() ? Zstd.pack(model.decodeOnly().toBytes()) : null);
    ContainerWriter container = new ContainerWriter(out, header);
    TileFormat format = format(header);
    LaneFormat laneFormat = laneFormat(header, format, transfer);
    int capacity = capacity(grid, format);

    new BatchPipeline<TileLane, Encoding>() {
      private long next;

      @Override
      Encoding prepare(TileLane lane) throws IOException {
        Encoding batch = new Encoding();
        for (; batch.tiles.size() < capacity && next < grid.count(); next++) {
          batch.tiles.add(grid.tile(next));
        }
        transfer.readInOrder(field, batch.tiles, lane);
        return batch.tiles.isEmpty() ? null : batch;
      }

      @Override
      void work(TileLane lane, Encoding batch) {
        batch.masks = transfer.cut(field, batch.tiles, lane);
        batch.packed = lane.lane().encode(batch.tiles.size());
      }

      @Override
      void finish(TileLane lane, Encoding batch) throws IOException {
        append(container, batch, format.streams());
        long done = batch.tiles.getLast().index() + 1;
        Progress.report(options.progress(), Progress.Phase.COMPRESS, done, grid);
      }
    }.run(
        () -> transfer.reading(backend.openLane(laneFormat, capacity), capacity),
        inFlight(grid, capacity),
        pool.lanes());
    return container.finish();
  }

  private StreamPlan plan(FieldSource field, TileGrid grid, TileTransfer transfer)
      throws IOException {
    StreamPlan plan = TileFormat.plan(model, grid, options.profile(), options.channelsPerStream());
    TileFormat format = TileFormat.of(model, grid, plan);
    try {
      return EntropyStatistics.refine(
          plan, format, model.bottleneckTables(), backend, field, grid, transfer);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static final class Encoding {
    final List<Tile> tiles = new ArrayList<>();
    byte[][] masks;
    PackedBatch packed;
  }

  private static void append(ContainerWriter container, Encoding batch, int streams)
      throws IOException {
    PackedBatch packed = batch.packed;
    long at = 0;
    for (int i = 0; i < packed.count(); i++) {
      long[] streamBytes = Arrays.copyOfRange(packed.streamBytes(), i * streams, (i + 1) * streams);
      long bytes = Arrays.stream(streamBytes).sum();
      container.append(
          new TileRecord(
              packed.checks()[i],
              batch.masks[i],
              streamBytes,
              packed.streams().asSlice(at, bytes)));
      at += bytes;
    }
  }

  @Override
  public void decompress(ContainerReader container, Selection selection, BoxSink sink)
      throws IOException {
    check(container);
    Header header = container.header();
    TileFormat format = format(header);
    FieldInfo info = header.field();
    TileGrid grid = header.grid();
    Stage normalization = header.stage(Stage.NORMALIZER);
    NormalizerSpec spec = NormalizerSpec.decode(normalization.arguments());
    Normalizer normalizer =
        Normalizer.read(spec, info.type(), info.shape().slices(), normalization.parameters());
    // what overlaps is blended before it is restored
    boolean overlaps = grid.overlap() > 0;
    TileTransfer transfer =
        new TileTransfer(
            info,
            grid,
            normalizer,
            new SpecialValues(header.specials()),
            header.hasMasks(),
            backend.takesFieldValues(Network.G_S) && !overlaps,
            pool);
    Crossfade crossfade = overlaps ? new Crossfade(grid) : null;
    LaneFormat laneFormat = laneFormat(header, format, transfer);
    TileSelector tiles = new TileSelector(container, selection, format.streams());
    int capacity = capacity(grid, format);

    new BatchPipeline<Backend.Lane, Decoding>() {
      @Override
      Decoding prepare(Backend.Lane lane) {
        Decoding batch = new Decoding(tiles.next(capacity));
        return batch.tiles.isEmpty() ? null : batch;
      }

      @Override
      void work(Backend.Lane lane, Decoding batch) {
        transfer.announce(batch.tiles, lane);
        lane.decode(pack(lane, batch.tiles, format.streams()));
        if (!overlaps) {
          batch.rest = transfer.paste(batch.tiles, lane, selection, sink);
        }
      }

      @Override
      void finish(Backend.Lane lane, Decoding batch) throws IOException {
        if (overlaps) {
          for (int i = 0; i < batch.tiles.size(); i++) {
            Tile tile = batch.tiles.get(i).tile();
            crossfade.blend(tile, lane.tiles(), (long) i * grid.tileElements());
          }
          batch.rest = paste(batch.tiles, lane);
        }
        batch.rest.forEach(Runnable::run);
        long done = batch.tiles.getLast().tile().index() + 1;
        Progress.report(options.progress(), Progress.Phase.DECOMPRESS, done, grid);
      }

      /** On the calling thread, which wants exceptions as they were thrown. */
      private List<Runnable> paste(List<TileSelector.Selected> batch, Backend.Lane lane)
          throws IOException {
        try {
          return transfer.paste(batch, lane, selection, sink);
        } catch (UncheckedIOException e) {
          throw e.getCause();
        }
      }
    }.run(() -> backend.openLane(laneFormat, capacity), inFlight(grid, capacity), pool.lanes());
  }

  private static final class Decoding {
    final List<TileSelector.Selected> tiles;
    List<Runnable> rest;

    Decoding(List<TileSelector.Selected> tiles) {
      this.tiles = tiles;
    }
  }

  private static PackedBatch pack(
      Backend.Lane lane, List<TileSelector.Selected> batch, int streams) {
    long[] streamBytes = new long[batch.size() * streams];
    int[] checks = new int[batch.size()];
    long total = batch.stream().mapToLong(selected -> selected.record().streams().byteSize()).sum();
    MemorySegment bytes = lane.streams(total);
    long at = 0;
    for (int i = 0; i < batch.size(); i++) {
      TileRecord record = batch.get(i).record();
      long[] listed = record.streamBytes(); // empty ones at the end may be missing
      System.arraycopy(listed, 0, streamBytes, i * streams, listed.length);
      checks[i] = record.check();
      MemorySegment.copy(record.streams(), 0, bytes, at, record.streams().byteSize());
      at += record.streams().byteSize();
    }
    return new PackedBatch(batch.size(), streamBytes, checks, bytes);
  }

  @Override
  public void check(ContainerReader container) {
    Header header = container.header();
    sizes.check(header);
    format(header);
    if (header.hasPipeline()) {
      LatentFormat.of(header);
    }
  }

  /** The sizes of a container's tiles, which {@link #check} found to suit the model. */
  TileFormat format(Header header) {
    return header.hasPipeline()
        ? LatentFormat.tiles(model, header.grid())
        : TileFormat.of(model, header.grid(), header.streamPlan());
  }

  private static LaneFormat laneFormat(Header header, TileFormat format, TileTransfer transfer) {
    LatentFormat pipeline = header.hasPipeline() ? LatentFormat.of(header) : null;
    return new LaneFormat(format, pipeline, transfer.values());
  }

  private int capacity(TileGrid grid, TileFormat format) {
    int wanted = options.batch() > 0 ? options.batch() : backend.preferredBatch(format);
    return (int) Math.min(wanted, grid.count());
  }

  /** No more lanes than there are batches: each has its memory. */
  private int inFlight(TileGrid grid, int capacity) {
    int wanted = options.inFlight() > 0 ? options.inFlight() : backend.preferredInFlight();
    return (int) Math.min(wanted, Math.ceilDiv(grid.count(), (long) capacity));
  }

  @Override
  public void close() {
    backend.close();
  }
}
