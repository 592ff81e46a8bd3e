package dev.tessera.bench;

import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.network.CudaNetwork;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.model.Network;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Latents of tiles and what g_s makes of them as they are, for comparison with other programs.
 *
 * @param latents float32
 * @param restored tiles, float32
 */
record LatentsOnly(MemorySegment latents, MemorySegment restored) {
  /** Runs both networks once. */
  static LatentsOnly of(
      CudaSession session, CudaNetworks networks, E2eShape shape, DeviceBuffer input) {
    int stride = networks.model().architecture().latentStride();
    int height = shape.height() / stride;
    int width = shape.width() / stride;
    CudaNetwork ga = networks.get(Network.G_A, false);
    CudaNetwork gs = networks.get(Network.G_S, false);
    long values = (long) shape.tiles() * networks.model().m() * height * width;
    DeviceBuffer latents = session.device.allocate(values * Float.BYTES);
    DeviceBuffer restored = session.device.allocate(shape.bytes());
    DeviceBuffer errors = session.device.allocate(Integer.BYTES);
    DeviceBuffer workspace =
        session.device.allocate(
            Math.max(
                ga.workspaceBytes(shape.tiles(), shape.height(), shape.width()),
                gs.workspaceBytes(shape.tiles(), height, width)));
    ga.plan(input, latents, workspace, errors, shape.tiles(), shape.height(), shape.width())
        .run(session.stream);
    gs.plan(latents, restored, workspace, null, shape.tiles(), height, width).run(session.stream);
    return new LatentsOnly(copy(session, latents), copy(session, restored));
  }

  private static MemorySegment copy(CudaSession session, DeviceBuffer from) {
    MemorySegment kept = Arena.ofAuto().allocate(from.bytes(), Float.BYTES);
    long mark = session.pinned.mark();
    kept.copyFrom(session.download(from));
    session.pinned.reset(mark);
    return kept;
  }
}
