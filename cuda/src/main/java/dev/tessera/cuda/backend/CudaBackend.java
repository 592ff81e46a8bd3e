package dev.tessera.cuda.backend;

import dev.tessera.codec.Backend;
import dev.tessera.codec.CpuNetworks;
import dev.tessera.codec.LatentFormat;
import dev.tessera.codec.TileFormat;

/**
 * Models with their entropy coding on the device. The networks run on the CPU, so files are those
 * of the CPU, byte for byte.
 */
final class CudaBackend implements Backend {
  private final Settings settings;
  private final CpuNetworks networks;
  private final ResourcePool pool;
  private RansTables tables;

  CudaBackend(Settings settings) {
    this.settings = settings;
    this.pool = new ResourcePool(SharedContext.get());
    this.networks = new CpuNetworks(settings.model(), settings.threads());
  }

  @Override
  public String description() {
    return "cuda " + pool.context().device().name() + ", networks on cpu fp32";
  }

  @Override
  public String arithmetic() {
    return CPU_ARITHMETIC;
  }

  @Override
  public int preferredBatch(TileFormat format) {
    return networks.preferredBatch(format);
  }

  @Override
  public int preferredInFlight() {
    return 3; // one in the networks, one on the device, one being read or written
  }

  @Override
  public Lane openLane(TileFormat format, int capacity) {
    networks.requireMemory(format, capacity);
    return new CudaTileLane(networks, tables(), format, pool, settings.workers(), capacity);
  }

  @Override
  public Lane openLane(TileFormat format, LatentFormat pipeline, int capacity) {
    networks.requireMemory(format, capacity);
    return new CudaLatentLane(networks, format, pipeline, pool, settings.workers(), capacity);
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
