package dev.tessera.cuda.backend;

import dev.tessera.codec.Backend;
import dev.tessera.codec.LaneFormat;
import dev.tessera.codec.TileFormat;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.model.Model;
import dev.tessera.model.Network;

/** Models on the device: networks, h_s, quantization and entropy coding. */
final class CudaBackend implements Backend {
  private static final int IN_FLIGHT = 3;

  /** Tiles of 128×128 that keep the device busy. */
  private static final long PREFERRED_BATCH = 256;

  /** Of the memory that is free, at most one part in so many is for the batches in flight. */
  private static final long MEMORY_PARTS = 2;

  private final Settings settings;
  private final ResourcePool pool;
  private final CudaNetworks networks;
  private RansTables tables;

  CudaBackend(Settings settings) {
    this.settings = settings;
    this.pool = new ResourcePool(SharedContext.get());
    this.networks = new CudaNetworks(pool.context(), settings.model(), settings.precisions());
  }

  @Override
  public String description() {
    return "cuda " + pool.context().device().name() + " " + settings.precisions();
  }

  @Override
  public int preferredBatch(TileFormat format) {
    long places = (long) format.height() * format.width();
    long wanted = Math.max(1, PREFERRED_BATCH * 128 * 128 / places);
    long room = pool.context().freeMemory() / MEMORY_PARTS / IN_FLIGHT;
    return (int) Math.clamp(room / bytesPerTile(format), 1, wanted);
  }

  /**
   * Generously: activations of four bytes, N channels at half the tile's sides and what follows,
   * tiles, and what the coder's longest possible streams take.
   */
  private long bytesPerTile(TileFormat format) {
    Model model = settings.model();
    long places = (long) format.height() * format.width();
    long activations = 4L * places * (model.n() + 16) * 5 / 16;
    return activations + 8L * format.elements() + 32L * format.latent().symbols();
  }

  @Override
  public int preferredInFlight() {
    return IN_FLIGHT; // one on its way to the device, one there, one on its way back
  }

  @Override
  public boolean takesFieldValues(Network network) {
    return networks.takesFieldValues(network);
  }

  @Override
  public Lane openLane(LaneFormat format, int capacity) {
    return format.pipeline() == null
        ? new CudaTileLane(networks, tables(), format, pool, capacity)
        : new CudaLatentLane(networks, format, pool, settings.workers(), capacity);
  }

  private synchronized RansTables tables() {
    if (tables == null) {
      tables = new RansTables(pool.context(), settings.model());
    }
    return tables;
  }

  @Override
  public synchronized void close() {
    pool.close();
    networks.close();
    if (tables != null) {
      tables.close();
      tables = null;
    }
  }
}
