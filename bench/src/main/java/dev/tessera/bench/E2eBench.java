package dev.tessera.bench;

import dev.tessera.cuda.CudaDevice;
import dev.tessera.cuda.CudaEvent;
import dev.tessera.cuda.CudaGraph;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.KernelCache;
import dev.tessera.cuda.network.CudaNetwork;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.cuda.network.NetworkPlan;
import dev.tessera.cuda.network.Step;
import dev.tessera.field.DataType;
import dev.tessera.field.Metrics;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.synth.CosmologySynth;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Measures a model from normalized tiles in the GPU's memory to streams there, and back: whole and
 * in parts, in several precisions and with several entropy coders.
 */
public final class E2eBench implements AutoCloseable {
  private static final int SIDE = SyntheticTiles.SIDE;
  private static final int USUAL_RUNS = 24;

  private final CudaSession session;
  private final Model model;
  private final int tiles;
  private final Repetitions repetitions;
  private final Consumer<String> progress;
  private final MemorySegment original;
  private final Map<Precisions, List<LayerTime>> layers = new LinkedHashMap<>();

  /**
   * Makes the tiles.
   *
   * @param quantity the simulated field that they are cut from
   * @param tiles of a batch, 128×128 each
   * @param runs how often, 0 for what is usual
   * @param progress told what comes next
   * @throws TesseraException.Unsupported if there is no GPU, or the model has a hyperprior
   */
  public E2eBench(Model model, String quantity, int tiles, int runs, Consumer<String> progress) {
    if (model.architecture().hasHyperprior()) {
      throw new TesseraException.Unsupported(
          "this measurement knows models with one table per channel, and "
              + model.name()
              + " has a hyperprior: name a factorized model");
    }
    if (tiles < 1) {
      throw new TesseraException.Invalid("a batch has at least one tile");
    }
    this.model = model;
    this.tiles = tiles;
    this.progress = progress;
    this.repetitions = Repetitions.of(runs == 0 ? USUAL_RUNS : runs);
    CosmologySynth.Quantity kind = SyntheticTiles.quantity(quantity);
    this.session = new CudaSession();
    progress.accept("making %d tiles of %s".formatted(tiles, kind.fieldName()));
    SyntheticTiles source = new SyntheticTiles(kind, model.inputChannels(), 1);
    original = Arena.ofAuto().allocate(tileBytes(), Float.BYTES);
    long perTile = tileBytes() / tiles;
    for (int i = 0; i < tiles; i++) {
      source.next(original.asSlice(i * perTile, perTile));
    }
  }

  /** The GPU and its driver, by name. */
  public Map<String, Map<String, String>> devices() {
    return Map.of("cuda", session.properties());
  }

  private long tileBytes() {
    return (long) tiles * model.inputChannels() * SIDE * SIDE * Float.BYTES;
  }

  private int latentSide() {
    return SIDE / model.architecture().latentStride();
  }

  /**
   * Measures everything.
   *
   * @param codecs as {@link LatentCoders} names them
   * @throws TesseraException.Corrupt if symbols do not come back
   */
  public List<E2eResult> run(List<Precisions> precisions, List<String> codecs) {
    codecs.forEach(LatentCoders::require);
    List<E2eResult> results = new ArrayList<>();
    for (Precisions precision : precisions) {
      session.reset();
      CudaNetworks.unavailable(model, precision, session.context.device(), KernelCache.user())
          .ifPresent(why -> {
            throw new TesseraException.Unsupported(why);
          });
      try (CudaNetworks networks = new CudaNetworks(session.context, model, precision)) {
        progress.accept("networks in " + precision);
        Batch batch = new Batch(networks);
        layers.put(precision, batch.layerTimes(precision));
        for (String codec : codecs) {
          progress.accept(precision + "  " + codec);
          results.add(batch.measure(precision, codec));
        }
      }
    }
    return results;
  }

  /** Times of the layers of both networks, of every precision that was measured. */
  public Map<Precisions, List<LayerTime>> layers() {
    return layers;
  }

  /** Inputs, activations and outputs of one precision. */
  private final class Batch {
    private final List<DeviceBuffer> inputs = new ArrayList<>();
    private final List<NetworkPlan> analysis = new ArrayList<>();
    private final NetworkPlan synthesis;
    private final DeviceBuffer symbols;
    private final DeviceBuffer decoded;
    private final DeviceBuffer restored;
    private final DeviceBuffer errors;
    private final long kept;

    Batch(CudaNetworks networks) {
      CudaNetwork ga = networks.get(Network.G_A, true);
      CudaNetwork gs = networks.get(Network.G_S, true);
      int side = latentSide();
      long symbolBytes = (long) tiles * model.m() * side * side * Integer.BYTES;
      symbols = session.device.allocate(symbolBytes);
      decoded = session.device.allocate(symbolBytes);
      restored = session.device.allocate(tileBytes());
      errors = session.device.allocate(Integer.BYTES);
      DeviceBuffer workspace =
          session.device.allocate(
              Math.max(ga.workspaceBytes(tiles, SIDE, SIDE), gs.workspaceBytes(tiles, side, side)));
      for (int i = 0; i < repetitions.inputSets(); i++) {
        DeviceBuffer input = session.upload(rotated(i));
        inputs.add(input);
        analysis.add(ga.plan(input, symbols, workspace, errors, tiles, SIDE, SIDE));
      }
      synthesis = gs.plan(decoded, restored, workspace, null, tiles, side, side);
      kept = session.device.mark();
    }

    /** The tiles in another order, so that no cache holds them. */
    private MemorySegment rotated(int set) {
      long perTile = tileBytes() / tiles;
      long first = (long) set * tiles / repetitions.inputSets() * perTile;
      MemorySegment turned = Arena.ofAuto().allocate(tileBytes(), Float.BYTES);
      MemorySegment.copy(original, first, turned, 0, tileBytes() - first);
      MemorySegment.copy(original, 0, turned, tileBytes() - first, first);
      return turned;
    }

    List<LayerTime> layerTimes(Precisions precision) {
      List<LayerTime> times = new ArrayList<>();
      times.addAll(times(analysis.getFirst(), precision.of(Network.G_A)));
      session.stream.copy(decoded, symbols);
      times.addAll(times(synthesis, precision.of(Network.G_S)));
      return times;
    }

    /** Each layer among its neighbours, between events. */
    private List<LayerTime> times(NetworkPlan plan, Precision precision) {
      List<Step> steps = plan.steps();
      double[][] seconds = new double[steps.size()][repetitions.runs()];
      List<CudaEvent> events = new ArrayList<>();
      try {
        for (int i = 0; i <= steps.size(); i++) {
          events.add(session.context.newEvent());
        }
        for (int run = -repetitions.warmUp(); run < repetitions.runs(); run++) {
          session.time(() -> {
            session.stream.record(events.getFirst());
            for (int i = 0; i < steps.size(); i++) {
              steps.get(i).run(session.stream);
              session.stream.record(events.get(i + 1));
            }
          });
          for (int i = 0; run >= 0 && i < steps.size(); i++) {
            seconds[i][run] = events.get(i + 1).millisecondsSince(events.get(i)) / 1e3;
          }
        }
      } finally {
        events.forEach(CudaEvent::close);
      }
      List<LayerTime> times = new ArrayList<>();
      for (int i = 0; i < steps.size(); i++) {
        Step step = steps.get(i);
        times.add(
            new LayerTime(step.name(), step.operations(), Samples.of(seconds[i]), peak(precision)));
      }
      return times;
    }

    E2eResult measure(Precisions precision, String codec) {
      session.reset(kept);
      LatentCoder coder =
          LatentCoders.open(codec, session, model, tiles, latentSide(), latentSide());
      Samples[] parts = new Samples[4];
      Samples encode =
          timed(i -> {
            analysis.get(i).run(session.stream);
            coder.encode(symbols);
          });
      Samples decode =
          timed(i -> {
            coder.decode(decoded);
            synthesis.run(session.stream);
          });
      parts[0] = timed(i -> analysis.get(i).run(session.stream));
      parts[1] = timed(i -> coder.encode(symbols));
      parts[2] = timed(i -> coder.decode(decoded));
      parts[3] = timed(i -> synthesis.run(session.stream));

      // once more on what is known, from poisoned memory
      session.stream.fill(symbols, 0x5a);
      session.stream.fill(decoded, 0x5a);
      session.stream.fill(restored, 0xff);
      session.stream.fillInts(errors, 0);
      analysis.getFirst().run(session.stream);
      coder.encode(symbols);
      coder.decode(decoded);
      synthesis.run(session.stream);
      coder.requireClean();
      if (session.download(errors).get(ValueLayout.JAVA_INT, 0) != 0) {
        throw new TesseraException.Unsupported(
            "the model gives a latent that is no number below 2^24: its weights do not suit these"
                + " tiles");
      }
      MemorySegment expected = session.download(symbols);
      if (session.download(decoded).mismatch(expected) >= 0) {
        throw new TesseraException.Corrupt(codec + " does not give symbols back", -1);
      }
      return new E2eResult(
          precision,
          codec,
          tileBytes(),
          encode,
          decode,
          parts[0],
          parts[1],
          parts[3],
          parts[2],
          coder.bytes(),
          quality());
    }

    private Metrics quality() {
      Metrics.Accumulator metrics = new Metrics.Accumulator(DataType.FLOAT32, OptionalLong.empty());
      metrics.add(original, session.download(restored), tileBytes() / Float.BYTES);
      return metrics.metrics();
    }

    /** Times work as graphs, one for each input. */
    private Samples timed(IntConsumer work) {
      List<CudaGraph> graphs = new ArrayList<>();
      try {
        for (int i = 0; i < inputs.size(); i++) {
          int set = i;
          graphs.add(session.stream.capture(() -> work.accept(set)));
        }
        double[] seconds = new double[repetitions.runs()];
        for (int run = -repetitions.warmUp(); run < repetitions.runs(); run++) {
          CudaGraph graph = graphs.get(Math.floorMod(run, graphs.size()));
          double time = session.time(() -> graph.launch(session.stream));
          if (run >= 0) {
            seconds[run] = time;
          }
        }
        return Samples.of(seconds);
      } finally {
        session.stream.synchronize();
        graphs.forEach(CudaGraph::close);
      }
    }
  }

  /**
   * Operations a second of the matrix units at the highest clock, dense; fp32 is made of three
   * float16 products (CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions").
   */
  private double peak(Precision precision) {
    CudaDevice device = session.context.device();
    int halfPerClock =
        device.major() == 9 ? 4096 : device.architecture().equals("sm_80") ? 2048 : 0;
    double half = (double) halfPerClock * device.multiprocessors() * device.clockKilohertz() * 1e3;
    return switch (precision) {
      case FP32 -> half / 3;
      case FP16 -> half;
      case FP8 -> 2 * half;
    };
  }

  @Override
  public void close() {
    session.close();
  }
}
