package dev.tessera.codec;

import dev.tessera.entropy.GaussianTables;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import dev.tessera.transform.HyperSynthesis;
import dev.tessera.transform.OnnxNetwork;
import java.lang.foreign.MemorySegment;

/**
 * A model's networks on the CPU: g_a, h_a and g_s in ONNX Runtime, h_s in the order of operations
 * that files depend on. Several threads may use them at once.
 */
public final class CpuNetworks implements AutoCloseable {
  /** Tiles of 128×128 that keep ONNX Runtime busy without filling the memory with activations. */
  private static final int PREFERRED_BATCH = 16;

  private final Model model;
  private final int threads;
  private final OnnxNetwork[] networks = new OnnxNetwork[Network.values().length];
  private final HyperSynthesis hyperSynthesis;
  private final GaussianTables scales;

  /**
   * Prepares h_s, where the model has one, and nothing else yet.
   *
   * @param threads threads that ONNX Runtime may use
   */
  public CpuNetworks(Model model, int threads) {
    this.model = model;
    this.threads = threads;
    boolean hyper = model.architecture().hasHyperprior();
    this.hyperSynthesis = hyper ? new HyperSynthesis(model) : null;
    this.scales = hyper ? new GaussianTables(model.scaleTable(), model.scaleTable()[0]) : null;
  }

  /** The model. */
  public Model model() {
    return model;
  }

  /** Tiles per batch that use the CPU well. */
  public int preferredBatch(TileFormat format) {
    long places = (long) format.height() * format.width();
    return (int) Math.max(1, (long) PREFERRED_BATCH * 128 * 128 / places);
  }

  /**
   * Fails if this machine could never hold a batch and its activations.
   *
   * @throws dev.tessera.field.TesseraException.Unsupported if it could not
   */
  public void requireMemory(TileFormat format, int capacity) {
    // the largest pair of neighbouring activations: N channels at half the tile's sides, before and
    // after GDN
    long tiles = Math.min(capacity, PREFERRED_BATCH); // larger batches run in parts
    long activations = 4L * 3 * tiles * model.n() * (format.height() / 2L) * (format.width() / 2L);
    long buffers = 4L * capacity * (format.elements() + format.latent().symbols());
    Memory.requireNative(
        activations + buffers,
        "a batch of " + capacity + " tiles of " + format.height() + "x" + format.width());
  }

  /**
   * Runs a network over the first {@code count} inputs of {@code channels × height × width} float32
   * values in native byte order.
   */
  public void run(
      Network which,
      MemorySegment in,
      int channels,
      int height,
      int width,
      MemorySegment out,
      int count) {
    OnnxNetwork network = network(which);
    long perTile = 4L * channels * height * width;
    long outputs =
        4L * network.outputChannels() * network.outputSide(height) * network.outputSide(width);
    network.run(
        in.asSlice(0, count * perTile),
        count,
        channels,
        height,
        width,
        out.asSlice(0, count * outputs));
  }

  /** A network's session, made when it is first needed: decoding never pays for g_a. */
  synchronized OnnxNetwork network(Network network) {
    int at = network.ordinal();
    if (networks[at] == null) {
      networks[at] = new OnnxNetwork(OnnxExport.tuned(model, network), threads);
    }
    return networks[at];
  }

  /** h_s; null for models without side information. */
  public HyperSynthesis hyperSynthesis() {
    return hyperSynthesis;
  }

  /**
   * The standard deviations of the conditional tables; null for models without side information.
   */
  public GaussianTables scales() {
    return scales;
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
