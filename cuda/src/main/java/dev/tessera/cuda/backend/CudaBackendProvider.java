package dev.tessera.cuda.backend;

import dev.tessera.codec.Backend;
import dev.tessera.codec.ChunkBackend;
import dev.tessera.cuda.CudaDevice;
import dev.tessera.cuda.CudaDriver;
import dev.tessera.cuda.KernelCache;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.transform.Precisions;
import java.util.Optional;

/**
 * The backend {@code cuda}. Found everywhere, also where there is no GPU: it says why it cannot be
 * used then.
 */
public final class CudaBackendProvider implements Backend.Provider {
  private static final int ABOVE_CPU = 10;
  private static final int BELOW_CPU = -1;

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public int preference() {
    return ABOVE_CPU;
  }

  /** Encoders that run on the CPU gain little from a device, which is used if it is asked for. */
  @Override
  public int preferenceFor(PipelineSpec pipeline) {
    return ChunkCoders.encodesOnDevice(pipeline.encoder()) ? ABOVE_CPU : BELOW_CPU;
  }

  @Override
  public Optional<String> unavailable(Model model, Precisions precisions) {
    return Found.OBSTACLE.or(() ->
        CudaNetworks.unavailable(
            model, precisions, CudaDevice.list().getFirst(), KernelCache.user()));
  }

  @Override
  public Optional<String> unavailableBehindModel(PipelineSpec pipeline) {
    return unavailable(pipeline, DataType.FLOAT32);
  }

  @Override
  public Optional<String> unavailable(PipelineSpec pipeline, DataType type) {
    return Found.OBSTACLE.or(() -> ChunkCoders.obstacle(pipeline));
  }

  @Override
  public Backend open(Backend.Settings settings) {
    return new CudaBackend(settings);
  }

  @Override
  public ChunkBackend open(ChunkBackend.Settings settings) {
    return new CudaChunkBackend(settings);
  }

  /** What was found out once: driver, device, and whether its kernels are there or can be made. */
  private static final class Found {
    static final Optional<String> OBSTACLE = CudaDriver.unavailable().or(Found::kernels);

    private static Optional<String> kernels() {
      try {
        CudaDevice device = CudaDevice.list().getFirst();
        return device.unsupported().or(() -> KernelCache.user().obstacle(device));
      } catch (TesseraException e) {
        return Optional.of(e.getMessage());
      }
    }
  }
}
