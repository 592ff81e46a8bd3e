package dev.tessera.codec;

import dev.tessera.bytes.Zstd;
import dev.tessera.container.ContainerReader;
import dev.tessera.container.ContainerWriter;
import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.container.StreamPlan;
import dev.tessera.container.TileRecord;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSink;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Metrics;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import dev.tessera.io.PendingFile;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.quant.SpecialValues;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;

/**
 * Compresses fields with a model and restores them. The way of the data is the way of the packages:
 * a field is cut into normalized tiles, a {@link Backend} turns them into streams, a container
 * holds the streams; and back.
 *
 * <p>A codec may be used by several threads at once; each call has its own buffers, the networks
 * are shared. Interrupting a thread inside a call ends it with a {@link
 * java.util.concurrent.CancellationException} and leaves nothing behind. Sources and sinks belong
 * to the caller, who closes them.
 */
public final class Codec implements AutoCloseable {
  /** What models without a normalizer of their own were trained on: values in 0…1. */
  private static final String DEFAULT_NORMALIZER = "range";

  private static final int DEFAULT_TILE = 128;

  private final Model model;
  private final CodecOptions options;
  private final ForkJoinPool workers;
  private final ExecutorService lanes;
  private final Backend backend;

  private Codec(Model model, CodecOptions options) {
    this.model = model;
    this.options = options;
    int threads =
        options.threads() > 0 ? options.threads() : Runtime.getRuntime().availableProcessors();
    this.workers = new ForkJoinPool(threads);
    this.lanes =
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("tessera-lane-", 0).factory());
    try {
      this.backend =
          Backends.choose(options.device(), model)
              .open(new Backend.Settings(model, threads, workers));
    } catch (RuntimeException | Error e) {
      shutDownThreads();
      throw e;
    }
  }

  /** A codec for a model on the best device. */
  public static Codec open(Model model) {
    return open(model, CodecOptions.DEFAULTS);
  }

  /**
   * A codec for a model.
   *
   * @throws TesseraException.Unsupported if the device is not there
   */
  public static Codec open(Model model, CodecOptions options) {
    return new Codec(model, options);
  }

  /** The model. */
  public Model model() {
    return model;
  }

  /** Device and precision, as in {@code "cpu fp32"}. */
  public String device() {
    return backend.description();
  }

  /**
   * Compresses a field into a file, which appears when it is complete.
   *
   * @return the file's size in bytes
   */
  public long compress(FieldSource field, Path file) throws IOException {
    try (PendingFile pending = PendingFile.create(file)) {
      long bytes;
      try (OutputStream out =
          new BufferedOutputStream(Files.newOutputStream(pending.path()), 1 << 16)) {
        bytes = compress(field, out);
      }
      pending.commit();
      return bytes;
    }
  }

  /**
   * Compresses a field into a stream, which stays open. The field is read twice: for its ranges,
   * then tile by tile.
   *
   * @return number of bytes written
   */
  public long compress(FieldSource field, OutputStream out) throws IOException {
    if (!model.has(Network.G_A)) {
      throw new TesseraException.Invalid(
          "model " + model.name() + " can only decompress: use the complete model to compress");
    }
    FieldInfo info = field.info();
    NormalizerSpec spec =
        options
            .normalizer()
            .orElseGet(() -> NormalizerSpec.parse(model.normalizer().orElse(DEFAULT_NORMALIZER)));
    TileGrid grid = grid(info.shape());
    StreamPlan plan = TileFormat.plan(model, grid, options.channelsPerStream());
    TileFormat format = TileFormat.of(model, grid, plan);
    requireMemory(grid);

    FieldScan scan = FieldScan.of(field, spec, options.progress());
    Header header =
        new Header(
            info,
            grid,
            List.of(
                new Stage(Stage.NORMALIZER, spec.encode(), scan.normalizer().parameters()),
                Header.modelStage(model.id()),
                Header.entropyStage(plan)),
            scan.specials().patterns(),
            scan.hasSpecials(),
            backend.description().equals("cpu fp32") ? "" : backend.description(),
            options.embedModel() ? Zstd.pack(model.decodeOnly().toBytes()) : null);
    ContainerWriter container = new ContainerWriter(out, header);
    Tiler tiler = new Tiler(info, grid, scan.normalizer(), scan.specials(), scan.hasSpecials());
    int capacity = capacity(grid, format);

    new BatchPipeline<Encoding>() {
      private long next;

      @Override
      Encoding prepare(Backend.Lane lane) throws IOException {
        int count = (int) Math.min(capacity, grid.count() - next);
        if (count == 0) {
          return null;
        }
        byte[][] masks = new byte[count][];
        for (int i = 0; i < count; i++) {
          masks[i] =
              tiler.cut(field, grid.tile(next + i), lane.tiles(), (long) i * grid.tileElements());
        }
        next += count;
        return new Encoding(next, masks);
      }

      @Override
      void work(Backend.Lane lane, Encoding batch) {
        batch.packed = lane.encode(batch.masks.length);
      }

      @Override
      void finish(Backend.Lane lane, Encoding batch) throws IOException {
        append(container, batch, format.streams());
        report(Progress.Phase.COMPRESS, batch.end, grid);
      }
    }.run(backend, format, capacity, inFlight(grid, capacity), lanes);
    return container.finish();
  }

  private static final class Encoding {
    final long end;
    final byte[][] masks;
    PackedBatch packed;

    Encoding(long end, byte[][] masks) {
      this.end = end;
      this.masks = masks;
    }
  }

  private static void append(ContainerWriter container, Encoding batch, int streams)
      throws IOException {
    PackedBatch packed = batch.packed;
    long at = 0;
    for (int i = 0; i < packed.count(); i++) {
      long[] streamBytes =
          java.util.Arrays.copyOfRange(packed.streamBytes(), i * streams, (i + 1) * streams);
      long bytes = java.util.Arrays.stream(streamBytes).sum();
      container.append(
          new TileRecord(
              packed.checks()[i],
              batch.masks[i],
              streamBytes,
              packed.streams().asSlice(at, bytes)));
      at += bytes;
    }
  }

  /** Restores a whole field; see {@link #decompress(ContainerReader, Selection, FieldSink)}. */
  public void decompress(ContainerReader container, FieldSink sink) throws IOException {
    decompress(container, Selection.all(container.header().field().shape()), sink);
  }

  /**
   * Restores a part of a field, reading and decoding only the groups and tiles that hold it. The
   * sink is not committed.
   *
   * @param sink a sink for {@code selection.of(container.header().field())}
   * @throws TesseraException.Corrupt if the container is damaged
   * @throws TesseraException.Invalid if it was made with another model
   */
  public void decompress(ContainerReader container, Selection selection, FieldSink sink)
      throws IOException {
    TileFormat format = check(container);
    Header header = container.header();
    FieldInfo info = header.field();
    selection.check(info.shape());
    TileGrid grid = header.grid();
    Stage normalization = header.stage(Stage.NORMALIZER);
    NormalizerSpec spec = NormalizerSpec.decode(normalization.arguments());
    Normalizer normalizer =
        Normalizer.read(spec, info.type(), info.shape().slices(), normalization.parameters());
    Tiler tiler =
        new Tiler(info, grid, normalizer, new SpecialValues(header.specials()), header.hasMasks());
    Crossfade crossfade = new Crossfade(grid, tiler);
    TileSelector tiles = new TileSelector(container, selection, format.streams());
    int capacity = capacity(grid, format);

    new BatchPipeline<List<TileSelector.Selected>>() {
      @Override
      List<TileSelector.Selected> prepare(Backend.Lane lane) {
        List<TileSelector.Selected> batch = tiles.next(capacity);
        return batch.isEmpty() ? null : batch;
      }

      @Override
      void work(Backend.Lane lane, List<TileSelector.Selected> batch) {
        lane.decode(pack(lane, batch, format.streams()));
      }

      @Override
      void finish(Backend.Lane lane, List<TileSelector.Selected> batch) throws IOException {
        for (int i = 0; i < batch.size(); i++) {
          Tile tile = batch.get(i).tile();
          float[] cell = crossfade.blend(tile, lane.tiles(), (long) i * grid.tileElements());
          tiler.paste(tile, cell, batch.get(i).record().mask(), selection, sink);
        }
        report(Progress.Phase.DECOMPRESS, batch.getLast().tile().index() + 1, grid);
      }
    }.run(backend, format, capacity, inFlight(grid, capacity), lanes);
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
      System.arraycopy(record.streamBytes(), 0, streamBytes, i * streams, streams);
      checks[i] = record.check();
      MemorySegment.copy(record.streams(), 0, bytes, at, record.streams().byteSize());
      at += record.streams().byteSize();
    }
    return new PackedBatch(batch.size(), streamBytes, checks, bytes);
  }

  /**
   * Whether this codec can restore a container, before anything is written.
   *
   * @return the sizes of its tiles
   * @throws TesseraException.Invalid if it was made with another model
   * @throws TesseraException.Corrupt if its header contradicts the model
   */
  public TileFormat check(ContainerReader container) {
    Header header = container.header();
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
    StreamPlan plan = header.streamPlan();
    if (grid.channels() != model.inputChannels()
        || grid.tileHeight() % tileUnit() != 0
        || grid.tileWidth() % tileUnit() != 0
        || grid.tileHeight() > roundUp(shape.height())
        || grid.tileWidth() > roundUp(shape.width())
        || plan.channelsPerStream() > model.m()
        || (model.architecture().hasHyperprior()
            ? plan.sideChannelsPerStream() < 1
                || plan.sideRowsPerStream() < 1
                || plan.sideChannelsPerStream() > model.n()
            : plan.sideChannelsPerStream() != 0 || plan.sideRowsPerStream() != 0)) {
      throw new TesseraException.Corrupt("the header contradicts the model", -1);
    }
    requireMemory(grid);
    return TileFormat.of(model, grid, plan);
  }

  /**
   * How far a container is from the field that it was made of, over all slices and slice by slice;
   * the list is empty for fields of more than a million slices.
   */
  public record Verification(Metrics total, List<Metrics> slices) {}

  /**
   * Restores a container without storing it and compares it with the original.
   *
   * @throws TesseraException.Invalid if the original has another shape or type
   */
  public Verification verify(FieldSource original, ContainerReader container) throws IOException {
    try (ComparingSink sink = new ComparingSink(original, container.header().field())) {
      decompress(container, sink);
      return sink.result();
    }
  }

  private TileGrid grid(Shape shape) {
    int axis = options.groupAxis() >= 0 ? options.groupAxis() : Math.max(0, shape.rank() - 3);
    return new TileGrid(
        shape,
        model.inputChannels(),
        axis,
        tileSide(options.tileHeight(), shape.height()),
        tileSide(options.tileWidth(), shape.width()),
        options.overlap());
  }

  private int tileSide(int wanted, long extent) {
    if (wanted > 0 && wanted % tileUnit() != 0) {
      throw new TesseraException.Invalid(
          "the tiles of "
              + model.architecture().id()
              + " are multiples of "
              + tileUnit()
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
  private int tileUnit() {
    Architecture architecture = model.architecture();
    return Math.max(architecture.latentStride(), architecture.sideStride());
  }

  private long roundUp(long extent) {
    return Math.ceilDiv(extent, (long) tileUnit()) * tileUnit();
  }

  private int capacity(TileGrid grid, TileFormat format) {
    if (options.batch() > 0) {
      return (int) Math.min(options.batch(), grid.count());
    }
    return (int) Math.min(backend.preferredBatch(format), grid.count());
  }

  /** No more lanes than there are batches: each has its memory. */
  private int inFlight(TileGrid grid, int capacity) {
    int wanted = options.inFlight() > 0 ? options.inFlight() : backend.preferredInFlight();
    return (int) Math.min(wanted, Math.ceilDiv(grid.count(), (long) capacity));
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

  private void report(Progress.Phase phase, long tilesDone, TileGrid grid) {
    double share = (double) tilesDone / grid.count();
    long total = grid.shape().elements();
    options
        .progress()
        .update(phase, tilesDone == grid.count() ? total : (long) (share * total), total);
  }

  /** Waits for nothing: calls in other threads must have returned. */
  @Override
  public void close() {
    shutDownThreads();
    backend.close();
  }

  private void shutDownThreads() {
    lanes.shutdownNow();
    workers.shutdownNow();
  }
}
