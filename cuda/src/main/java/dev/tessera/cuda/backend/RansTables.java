package dev.tessera.cuda.backend;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaRansTables;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.entropy.CdfTables;
import dev.tessera.model.Model;

/** A model's entropy tables on the device, shared by all lanes. */
final class RansTables implements AutoCloseable {
  private static final long SLAB = 4L << 20;

  private final DeviceArena arena;
  private final CudaRansTables bottleneck;
  private final CudaRansTables conditional;

  RansTables(CudaContext context, Model model) {
    arena = context.newArena(SLAB);
    try (CudaStream stream = context.newStream()) {
      bottleneck = new CudaRansTables(stream, arena, model.bottleneckTables());
      CdfTables tables = model.architecture().hasHyperprior() ? model.conditionalTables() : null;
      conditional = tables == null ? null : new CudaRansTables(stream, arena, tables);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Tables of the latent of factorized models, of the side information of others. */
  CudaRansTables bottleneck() {
    return bottleneck;
  }

  /** Tables of a latent with side information; null for factorized models. */
  CudaRansTables conditional() {
    return conditional;
  }

  @Override
  public void close() {
    arena.close();
  }
}
