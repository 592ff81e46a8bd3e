package dev.tessera.codec;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.GaussianTables;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import dev.tessera.transform.HyperSynthesis;
import dev.tessera.transform.OnnxNetwork;
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
    public Optional<String> unavailable(Model model) {
      return Optional.empty();
    }

    @Override
    public Backend open(Settings settings) {
      return new CpuBackend(settings.model(), settings.threads(), settings.workers());
    }
  }

  /** Tiles of 128×128 that keep ONNX Runtime busy without filling the memory with activations. */
  private static final int PREFERRED_BATCH = 16;

  private final Model model;
  private final int threads;
  private final ForkJoinPool workers;
  private final OnnxNetwork[] networks = new OnnxNetwork[Network.values().length];
  private final HyperSynthesis hyperSynthesis;
  private final GaussianTables scales;

  private CpuBackend(Model model, int threads, ForkJoinPool workers) {
    this.model = model;
    this.threads = threads;
    this.workers = workers;
    boolean hyper = model.architecture().hasHyperprior();
    this.hyperSynthesis = hyper ? new HyperSynthesis(model) : null;
    this.scales = hyper ? new GaussianTables(model.scaleTable(), model.scaleTable()[0]) : null;
  }

  @Override
  public int preferredBatch(TileFormat format) {
    long places = (long) format.height() * format.width();
    return (int) Math.max(1, (long) PREFERRED_BATCH * 128 * 128 / places);
  }

  @Override
  public int preferredInFlight() {
    return 2; // one in the networks, one being read or written
  }

  @Override
  public String description() {
    return "cpu fp32";
  }

  @Override
  public Lane openLane(TileFormat format, int capacity) {
    // the largest pair of neighbouring activations: N channels at half the tile's sides, before and
    // after GDN
    long tiles = Math.min(capacity, PREFERRED_BATCH); // larger batches run in parts
    long activations = 4L * 3 * tiles * model.n() * (format.height() / 2L) * (format.width() / 2L);
    long buffers = 4L * capacity * (format.elements() + format.latent().symbols());
    Memory.requireNative(
        activations + buffers,
        "a batch of " + capacity + " tiles of " + format.height() + "x" + format.width());
    return new CpuLane(this, format, capacity);
  }

  /** A network's session, made when it is first needed: decoding never pays for g_a. */
  synchronized OnnxNetwork network(Network network) {
    int at = network.ordinal();
    if (networks[at] == null) {
      networks[at] = new OnnxNetwork(OnnxExport.tuned(model, network), threads);
    }
    return networks[at];
  }

  Model model() {
    return model;
  }

  ForkJoinPool workers() {
    return workers;
  }

  HyperSynthesis hyperSynthesis() {
    return hyperSynthesis;
  }

  GaussianTables scales() {
    return scales;
  }

  /**
   * Tables of what is coded without side information: the latent of factorized models, the side
   * information of others.
   */
  CdfTables bottleneckTables() {
    return model.bottleneckTables();
  }

  @Override
  public synchronized void close() {
    for (OnnxNetwork network : networks) {
      if (network != null) {
        network.close();
      }
    }
  }
}
