package dev.tessera.codec;

import dev.tessera.container.ContainerReader;
import dev.tessera.container.ContainerWriter;
import dev.tessera.container.Header;
import dev.tessera.container.Stage;
import dev.tessera.container.TileRecord;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.Quantization;
import dev.tessera.quant.SpecialValues;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The way of a pipeline without a model: a field is cut into chunks, a {@link ChunkBackend} makes
 * bytes of them, a container holds the bytes; and back.
 */
final class ChunkCodec implements FieldCodec {
  /** What is done where nothing is said. */
  static final PipelineSpec DEFAULT = PipelineSpec.parse("eb=rel:1e-3");

  private static final int ONE_STREAM = 1;

  private final PipelineSpec pipeline;
  private final CodecOptions options;
  private final WorkPool pool;
  private final Map<String, ChunkBackend> backends = new HashMap<>();
  private volatile String device = "cpu";

  /** Opens nothing before the first field. */
  ChunkCodec(PipelineSpec pipeline, CodecOptions options, WorkPool pool) {
    this.pipeline = pipeline;
    this.options = options;
    this.pool = pool;
  }

  @Override
  public String device() {
    return device;
  }

  /** The backend that the options ask for, or the best one that can run a pipeline. */
  private synchronized ChunkBackend backend(PipelineSpec spec, FieldInfo info) {
    Backend.Provider chosen = Backends.choose(options.device(), spec, info.type());
    ChunkBackend backend =
        backends.computeIfAbsent(
            chosen.name(),
            name -> chosen.open(new ChunkBackend.Settings(pool.threads(), pool.workers())));
    device = backend.description();
    return backend;
  }

  /**
   * The pipeline as far as the device has it: where the encoder is left open, one that was named
   * and lacks some of them takes bitpack, which all have.
   */
  private PipelineSpec possible(FieldInfo info) {
    if (pipeline.encoder().isResolved()) {
      return pipeline;
    }
    PipelineSpec bitpack = pipeline.with(EncoderSpec.BITPACK);
    PipelineSpec other = pipeline.with(EncoderSpec.RANS);
    boolean bitpackAlone =
        Backends.all().stream()
            .filter(provider -> provider.name().equals(options.device()))
            .anyMatch(provider ->
                provider.unavailable(bitpack, info.type()).isEmpty()
                    && provider.unavailable(other, info.type()).isPresent());
    return bitpackAlone ? bitpack : pipeline;
  }

  @Override
  public long compress(FieldSource field, OutputStream out) throws IOException {
    FieldInfo info = field.info();
    if (options.normalizer().isPresent() || options.embedModel()) {
      throw new TesseraException.Invalid(
          "normalizer and embedded model belong to a model: put a normalizer into the pipeline");
    }
    TileGrid grid = ChunkSizes.choose(info.shape(), options);
    requireConsecutiveSlices(pipeline, grid);
    PipelineSpec asked = possible(info);
    // what no device can do is said before the field is read
    Backends.choose(options.device(), asked, info.type());

    ChunkScan scan = ChunkScan.of(field, asked, options.progress(), pool);
    OptionalLong fill = info.fillBits();
    PipelineSpec spec = new PipelineChoice(scan, info, grid).resolve(field, asked);
    ChunkBackend backend = backend(spec, info);
    Header header =
        new Header(
            info,
            grid,
            PipelineStages.ofField(
                spec,
                scan.normalizer() == null ? new byte[0] : scan.normalizer().parameters(),
                scan.quantization().encode()),
            scan.specials().patterns(),
            scan.hasSpecials(),
            spec.encoder().kind().isNvcomp() ? backend.description() : "",
            null);
    ContainerWriter container = new ContainerWriter(out, header);
    ChunkFormat format = format(header, spec, scan.normalizer(), fill);
    ChunkTransfer transfer = new ChunkTransfer(info, scan.specials());
    long lastResort = scan.ordinaryBits(info.type());
    int capacity = capacity(backend, format, grid);

    new BatchPipeline<ChunkBackend.Lane, Encoding>() {
      private long next;

      @Override
      Encoding prepare(ChunkBackend.Lane lane) throws IOException {
        Encoding batch = new Encoding();
        for (; batch.boxes.size() < capacity && next < grid.count(); next++) {
          Tile tile = grid.tile(next);
          transfer.read(field, tile, lane.values(), batch.boxes.size() * lane.stride());
          batch.boxes.add(ChunkBox.of(tile));
        }
        batch.end = next;
        return batch.boxes.isEmpty() ? null : batch;
      }

      @Override
      void work(ChunkBackend.Lane lane, Encoding batch) {
        if (scan.hasSpecials()) {
          SpecialFinder finder = new SpecialFinder(info, spec.appliedNormalizer());
          boolean[] marks = new boolean[(int) ChunkSizes.values(grid)];
          for (int i = 0; i < batch.boxes.size(); i++) {
            ChunkBox box = batch.boxes.get(i);
            MemorySegment values = values(lane, i, box, info);
            batch.masks.add(transfer.setAside(values, box, finder, marks, lastResort));
          }
        }
        batch.chunks = lane.encode(batch.boxes);
      }

      @Override
      void finish(ChunkBackend.Lane lane, Encoding batch) throws IOException {
        for (int i = 0; i < batch.chunks.size(); i++) {
          EncodedChunk chunk = batch.chunks.get(i);
          byte[] mask = scan.hasSpecials() ? batch.masks.get(i) : new byte[0];
          long[] length = {chunk.bytes().byteSize()};
          container.append(new TileRecord(chunk.check(), mask, length, chunk.bytes()));
        }
        Progress.report(options.progress(), Progress.Phase.COMPRESS, batch.end, grid);
      }
    }.run(
        () -> backend.openLane(format, chunkBytes(grid, format), capacity),
        inFlight(backend, grid, capacity),
        pool.lanes());
    return container.finish();
  }

  private static final class Encoding {
    final List<ChunkBox> boxes = new ArrayList<>();
    final List<byte[]> masks = new ArrayList<>();
    List<EncodedChunk> chunks;
    long end;
  }

  @Override
  public void check(ContainerReader container) {
    Header header = container.header();
    ChunkSizes.check(header);
    PipelineSpec spec = PipelineStages.spec(header);
    try {
      requireConsecutiveSlices(spec, header.grid());
    } catch (TesseraException.Invalid e) {
      throw new TesseraException.Corrupt("the header contradicts itself: " + e.getMessage(), -1, e);
    }
    format(header, spec, PipelineStages.normalizer(header, spec), OptionalLong.empty());
    backend(spec, header.field());
  }

  @Override
  public void decompress(ContainerReader container, Selection selection, BoxSink sink)
      throws IOException {
    check(container);
    Header header = container.header();
    FieldInfo info = header.field();
    TileGrid grid = header.grid();
    PipelineSpec spec = PipelineStages.spec(header);
    ChunkBackend backend = backend(spec, info);
    ChunkFormat format =
        format(header, spec, PipelineStages.normalizer(header, spec), OptionalLong.empty());
    ChunkTransfer transfer = new ChunkTransfer(info, new SpecialValues(header.specials()));
    TileSelector tiles = new TileSelector(container, selection, ONE_STREAM);
    int capacity = capacity(backend, format, grid);

    new BatchPipeline<ChunkBackend.Lane, Decoding>() {
      @Override
      Decoding prepare(ChunkBackend.Lane lane) {
        Decoding batch = new Decoding(tiles.next(capacity));
        return batch.chunks.isEmpty() ? null : batch;
      }

      @Override
      void work(ChunkBackend.Lane lane, Decoding batch) {
        List<ChunkBox> boxes =
            batch.chunks.stream().map(selected -> ChunkBox.of(selected.tile())).toList();
        lane.decode(batch.chunks.stream().map(ChunkCodec::chunk).toList(), boxes);
        ParallelLoop.run(
            pool.workers(),
            boxes.size(),
            "chunks",
            i -> {
              TileSelector.Selected chunk = batch.chunks.get(i);
              MemorySegment values = values(lane, i, boxes.get(i), info);
              transfer.putBack(chunk.record().mask(), values, boxes.get(i));
              transfer.write(chunk.tile(), values, selection, sink, batch.rest.get(i));
            });
      }

      @Override
      void finish(ChunkBackend.Lane lane, Decoding batch) {
        batch.rest.forEach(rest -> rest.forEach(Runnable::run));
        long done = batch.chunks.getLast().tile().index() + 1;
        Progress.report(options.progress(), Progress.Phase.DECOMPRESS, done, grid);
      }
    }.run(
        () -> backend.openLane(format, chunkBytes(grid, format), capacity),
        inFlight(backend, grid, capacity),
        pool.lanes());
  }

  private static final class Decoding {
    final List<TileSelector.Selected> chunks;
    final List<List<Runnable>> rest = new ArrayList<>();

    Decoding(List<TileSelector.Selected> chunks) {
      this.chunks = chunks;
      chunks.forEach(chunk -> rest.add(new ArrayList<>()));
    }
  }

  private static EncodedChunk chunk(TileSelector.Selected selected) {
    TileRecord record = selected.record();
    return new EncodedChunk(record.streams(), record.check());
  }

  private static MemorySegment values(
      ChunkBackend.Lane lane, int chunk, ChunkBox box, FieldInfo info) {
    return lane.values().asSlice(chunk * lane.stride(), (long) box.values() * info.type().bytes());
  }

  private static ChunkFormat format(
      Header header, PipelineSpec spec, Normalizer normalizer, OptionalLong fill) {
    return new ChunkFormat(
        header.field().type(),
        normalizer,
        Quantization.decode(spec.quantizer(), header.stage(Stage.QUANTIZER).parameters()),
        spec.predictor(),
        spec.encoder(),
        fill);
  }

  /** What measures slices one by one counts on a chunk's planes to be neighbours. */
  private static void requireConsecutiveSlices(PipelineSpec spec, TileGrid grid) {
    boolean perSlice =
        spec.appliedNormalizer().stages().stream()
            .anyMatch(stage -> stage.scope() == NormalizerSpec.Scope.SLICE);
    if (perSlice && grid.channels() > 1 && grid.groupAxis() != grid.shape().rank() - 3) {
      throw new TesseraException.Invalid(
          "with "
              + spec.normalizer()
              + " the planes of a chunk lie along axis "
              + (grid.shape().rank() - 3)
              + ": leave out --group-axis, or measure the field as a whole (:field)");
    }
  }

  private static long chunkBytes(TileGrid grid, ChunkFormat format) {
    return ChunkSizes.values(grid) * format.type().bytes();
  }

  private int capacity(ChunkBackend backend, ChunkFormat format, TileGrid grid) {
    int wanted =
        options.batch() > 0
            ? options.batch()
            : backend.preferredBatch(format, chunkBytes(grid, format));
    return (int) Math.min(wanted, grid.count());
  }

  /** No more lanes than there are batches: each has its memory. */
  private int inFlight(ChunkBackend backend, TileGrid grid, int capacity) {
    int wanted = options.inFlight() > 0 ? options.inFlight() : backend.preferredInFlight();
    return (int) Math.min(wanted, Math.ceilDiv(grid.count(), (long) capacity));
  }

  @Override
  public synchronized void close() {
    backends.values().forEach(ChunkBackend::close);
    backends.clear();
  }
}
