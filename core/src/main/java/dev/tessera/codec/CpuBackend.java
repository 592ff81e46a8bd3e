package dev.tessera.codec;

import dev.tessera.entropy.CdfTables;
import dev.tessera.field.DataType;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.transform.OnnxNetwork;
import dev.tessera.transform.Precisions;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;

/**
 * The backend that runs everywhere: networks in ONNX Runtime, h_s and entropy coding in Java, tiles
 * in parallel.
 */
final class CpuBackend implements Backend {
  /** Provider of the CPU backend. */
  public static final class CpuProvider implements Provider {
    @Override
    public String name() {
      return "cpu";
    }

    @Override
    public int preference() {
      return 0;
    }

    @Override
    public Optional<String> unavailable(Model model, Precisions precisions) {
      return precisions.equals(Precisions.DEFAULT)
          ? Optional.empty()
          : Optional.of(
              ("the CPU computes in %s, not in %s: leave out the precision, or use a CUDA device"
                      + " (--device cuda says what it lacks)")
                  .formatted(Precisions.DEFAULT, precisions));
    }

    @Override
    public Optional<String> unavailableBehindModel(PipelineSpec pipeline) {
      return unavailable(pipeline, DataType.FLOAT32);
    }

    @Override
    public Optional<String> unavailable(PipelineSpec pipeline, DataType type) {
      return pipeline.encoder().kind().isNvcomp()
          ? Optional.of(pipeline.encoder() + " needs a CUDA device and libnvcomp.so.5: use bitpack")
          : Optional.empty();
    }

    @Override
    public ChunkBackend open(ChunkBackend.Settings settings) {
      return new CpuChunkBackend(settings);
    }

    @Override
    public Backend open(Settings settings) {
      return new CpuBackend(settings.model(), settings.threads(), settings.workers());
    }
  }

  private final ForkJoinPool workers;
  private final CpuNetworks networks;

  private CpuBackend(Model model, int threads, ForkJoinPool workers) {
    this.workers = workers;
    this.networks = new CpuNetworks(model, threads);
  }

  @Override
  public int preferredBatch(TileFormat format) {
    return networks.preferredBatch(format);
  }

  @Override
  public int preferredInFlight() {
    return 2; // one in the networks, one being read or written
  }

  @Override
  public String description() {
    return CPU_ARITHMETIC;
  }

  @Override
  public Lane openLane(LaneFormat format, int capacity) {
    networks.requireMemory(format.tiles(), capacity);
    return format.pipeline() == null
        ? new CpuLane(this, format.tiles(), capacity)
        : new CpuLatentLane(this, format.tiles(), format.pipeline(), capacity);
  }

  /** Runs a network over the first {@code count} inputs: see {@link CpuNetworks#run}. */
  void run(
      Network which,
      MemorySegment in,
      int channels,
      int height,
      int width,
      MemorySegment out,
      int count) {
    networks.run(which, in, channels, height, width, out, count);
  }

  /** A network's session, made when it is first needed. */
  OnnxNetwork network(Network network) {
    return networks.network(network);
  }

  CpuNetworks networks() {
    return networks;
  }

  Model model() {
    return networks.model();
  }

  ForkJoinPool workers() {
    return workers;
  }

  /**
   * Tables of what is coded without side information: the latent of factorized models, the side
   * information of others.
   */
  CdfTables bottleneckTables() {
    return model().bottleneckTables();
  }

  @Override
  public void close() {
    networks.close();
  }
}
