package dev.tessera.bench;

import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.network.CudaNetwork;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.cuda.network.NetworkPlan;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** g_a, a coder, g_s: latents without side information. */
final class PlainPath implements E2ePath {
  private static final int POISON = 0x5a;

  private final CudaSession session;
  private final LatentCoder coder;
  private final List<NetworkPlan> analysis = new ArrayList<>();
  private final NetworkPlan synthesis;
  private final DeviceBuffer latents;
  private final DeviceBuffer decoded;
  private final DeviceBuffer restored;
  private final DeviceBuffer errors;

  /**
   * Takes memory of the session.
   *
   * @param inputs batches of tiles
   * @param codec as {@link LatentCoders} names it
   */
  PlainPath(
      CudaSession session,
      CudaNetworks networks,
      E2eShape shape,
      List<DeviceBuffer> inputs,
      String codec) {
    this.session = session;
    Model model = networks.model();
    int stride = model.architecture().latentStride();
    int height = shape.height() / stride;
    int width = shape.width() / stride;
    coder = LatentCoders.open(codec, session, model, shape.tiles(), height, width);
    CudaNetwork ga = networks.get(Network.G_A, coder.takesSymbols());
    CudaNetwork gs = networks.get(Network.G_S, coder.takesSymbols());
    long latentBytes = (long) shape.tiles() * model.m() * height * width * Integer.BYTES;
    latents = session.device.allocate(latentBytes);
    decoded = session.device.allocate(latentBytes);
    restored = session.device.allocate(shape.bytes());
    errors = session.device.allocate(Integer.BYTES);
    DeviceBuffer workspace =
        session.device.allocate(
            Math.max(
                ga.workspaceBytes(shape.tiles(), shape.height(), shape.width()),
                gs.workspaceBytes(shape.tiles(), height, width)));
    for (DeviceBuffer input : inputs) {
      analysis.add(
          ga.plan(input, latents, workspace, errors, shape.tiles(), shape.height(), shape.width()));
    }
    synthesis = gs.plan(decoded, restored, workspace, null, shape.tiles(), height, width);
  }

  @Override
  public Part encode() {
    return new Part(
        "",
        i -> {
          analysis.get(i).run(session.stream);
          coder.encode(latents);
        },
        coder.fitsGraph());
  }

  @Override
  public Part decode() {
    return new Part(
        "",
        _ -> {
          coder.decode(decoded);
          synthesis.run(session.stream);
        },
        coder.fitsGraph());
  }

  @Override
  public List<Part> parts() {
    return List.of(
        new Part(GA, i -> analysis.get(i).run(session.stream), true),
        new Part(ENC, _ -> coder.encode(latents), coder.fitsGraph()),
        new Part(GS, _ -> synthesis.run(session.stream), true),
        new Part(DEC, _ -> coder.decode(decoded), coder.fitsGraph()));
  }

  @Override
  public Map<Network, NetworkPlan> plans() {
    return Map.of(Network.G_A, analysis.getFirst(), Network.G_S, synthesis);
  }

  @Override
  public void poison() {
    session.stream.fill(latents, POISON);
    session.stream.fill(decoded, POISON);
    session.stream.fill(restored, 0xff);
    session.stream.fillInts(errors, 0);
  }

  @Override
  public void requireRestored() {
    coder.requireClean();
    requireNumbers(session, errors);
    coder.requireRestored(session.download(latents), session.download(decoded));
  }

  /** Fails if a network found latents that are no numbers. */
  static void requireNumbers(CudaSession session, DeviceBuffer errors) {
    if (session.download(errors).get(ValueLayout.JAVA_INT, 0) != 0) {
      throw new TesseraException.Unsupported(
          "the model gives a latent that is no number below 2^24: its weights do not suit these"
              + " tiles");
    }
  }

  @Override
  public long bytes() {
    return coder.bytes();
  }

  @Override
  public DeviceBuffer restored() {
    return restored;
  }

  /** The latents: symbols, or float32. */
  DeviceBuffer latents() {
    return latents;
  }
}
