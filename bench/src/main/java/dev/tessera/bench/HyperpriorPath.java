package dev.tessera.bench;

import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.network.CudaNetwork;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.cuda.network.CudaSideInformation;
import dev.tessera.cuda.network.NetworkPlan;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * g_a, h_a, side information, h_s, rANS of both, and back: models with a hyperprior. Encoder and
 * decoder have their own tables and means, as they do in two programs.
 */
final class HyperpriorPath implements E2ePath {
  private static final int POISON = 0x5a;

  private final CudaSession session;
  private final int tiles;
  private final StreamLayout side;
  private final long count;
  private final CudaSideInformation information;
  private final RansLatentCoder sideCoder;
  private final RansLatentCoder coder;
  private final List<NetworkPlan> analysis = new ArrayList<>();
  private final NetworkPlan sideAnalysis;
  private final NetworkPlan synthesis;
  private final DeviceBuffer latents;
  private final DeviceBuffer symbols;
  private final DeviceBuffer sideValues;
  private final DeviceBuffer sides;
  private final DeviceBuffer decodedSymbols;
  private final DeviceBuffer decodedSides;
  private final DeviceBuffer decodedLatents;
  private final DeviceBuffer restored;
  private final DeviceBuffer errors;
  private final DeviceBuffer tables;
  private final DeviceBuffer means;
  private final DeviceBuffer decodedTables;
  private final DeviceBuffer decodedMeans;
  private final DeviceBuffer first;
  private final DeviceBuffer second;

  /**
   * Takes memory of the session.
   *
   * @param inputs batches of tiles
   * @param channelsPerStream P
   */
  HyperpriorPath(
      CudaSession session,
      CudaNetworks networks,
      E2eShape shape,
      List<DeviceBuffer> inputs,
      int channelsPerStream) {
    this.session = session;
    tiles = shape.tiles();
    Model model = networks.model();
    Architecture architecture = model.architecture();
    int height = shape.height() / architecture.latentStride();
    int width = shape.width() / architecture.latentStride();
    StreamLayout latent = RansLatentCoder.layout(model.m(), height, width, channelsPerStream);
    side =
        RansLatentCoder.layout(
            model.n(),
            shape.height() / architecture.sideStride(),
            shape.width() / architecture.sideStride(),
            model.n());
    count = (long) tiles * latent.symbols();
    information = new CudaSideInformation(session.stream, session.device, model);
    sideCoder = RansLatentCoder.ofSides(session, model.bottleneckTables(), side, tiles);
    coder = RansLatentCoder.ofIndexes(session, model.conditionalTables(), latent, tiles);

    long sideBytes = (long) tiles * side.symbols() * Integer.BYTES;
    latents = session.device.allocate(count * Float.BYTES);
    symbols = session.device.allocate(count * Integer.BYTES);
    sideValues = session.device.allocate(sideBytes);
    sides = session.device.allocate(sideBytes);
    decodedSymbols = session.device.allocate(count * Integer.BYTES);
    decodedSides = session.device.allocate(sideBytes);
    decodedLatents = session.device.allocate(count * Float.BYTES);
    restored = session.device.allocate(shape.bytes());
    errors = session.device.allocate(Integer.BYTES);
    tables = session.device.allocate(count * Short.BYTES);
    decodedTables = session.device.allocate(count * Short.BYTES);
    means = information.hasMeans() ? session.device.allocate(count * Float.BYTES) : null;
    decodedMeans = information.hasMeans() ? session.device.allocate(count * Float.BYTES) : null;
    long scratch = information.scratchBytes(tiles, side.height(), side.width());
    first = session.device.allocate(scratch);
    second = session.device.allocate(scratch);

    CudaNetwork ga = networks.get(Network.G_A, false);
    CudaNetwork ha = networks.get(Network.H_A, false);
    CudaNetwork gs = networks.get(Network.G_S, false);
    DeviceBuffer workspace =
        session.device.allocate(
            Math.max(
                ga.workspaceBytes(tiles, shape.height(), shape.width()),
                Math.max(
                    ha.workspaceBytes(tiles, height, width),
                    gs.workspaceBytes(tiles, height, width))));
    for (DeviceBuffer input : inputs) {
      analysis.add(
          ga.plan(input, latents, workspace, errors, tiles, shape.height(), shape.width()));
    }
    sideAnalysis = ha.plan(latents, sideValues, workspace, null, tiles, height, width);
    synthesis = gs.plan(decodedLatents, restored, workspace, null, tiles, height, width);
  }

  private CudaStream stream() {
    return session.stream;
  }

  private void quantizeSides() {
    information.quantizeSides(
        stream(), sideValues, tiles, side.height() * side.width(), sides, errors);
  }

  private void predict(DeviceBuffer from, DeviceBuffer toTables, DeviceBuffer toMeans) {
    information.predict(
        stream(), from, tiles, side.height(), side.width(), first, second, toTables, toMeans);
  }

  private void code() {
    information.quantize(stream(), latents, means, count, symbols, errors);
    sideCoder.encode(sides);
    coder.encode(symbols, tables);
  }

  private void restoreLatents() {
    coder.decode(decodedSymbols, decodedTables);
    information.dequantize(stream(), decodedSymbols, decodedMeans, count, decodedLatents);
  }

  @Override
  public Part encode() {
    return new Part(
        "",
        i -> {
          analysis.get(i).run(stream());
          sideAnalysis.run(stream());
          quantizeSides();
          predict(sides, tables, means);
          code();
        },
        true);
  }

  @Override
  public Part decode() {
    return new Part(
        "",
        _ -> {
          sideCoder.decode(decodedSides);
          predict(decodedSides, decodedTables, decodedMeans);
          restoreLatents();
          synthesis.run(stream());
        },
        true);
  }

  @Override
  public List<Part> parts() {
    return List.of(
        new Part(GA, i -> analysis.get(i).run(stream()), true),
        new Part(HA, _ -> sideAnalysis.run(stream()), true),
        new Part(HS, _ -> predict(sides, tables, means), true),
        new Part(
            ENC,
            _ -> {
              quantizeSides();
              code();
            },
            true),
        new Part(GS, _ -> synthesis.run(stream()), true),
        new Part(
            DEC,
            _ -> {
              sideCoder.decode(decodedSides);
              restoreLatents();
            },
            true));
  }

  @Override
  public Map<Network, NetworkPlan> plans() {
    return Map.of(
        Network.G_A, analysis.getFirst(), Network.H_A, sideAnalysis, Network.G_S, synthesis);
  }

  @Override
  public void poison() {
    for (DeviceBuffer buffer :
        List.of(latents, symbols, sides, decodedSymbols, decodedSides, decodedLatents)) {
      stream().fill(buffer, POISON);
    }
    stream().fill(restored, 0xff);
    stream().fillInts(errors, 0);
  }

  @Override
  public void requireRestored() {
    sideCoder.requireClean();
    coder.requireClean();
    PlainPath.requireNumbers(session, errors);
    sideCoder.requireRestored(session.download(sides), session.download(decodedSides));
    coder.requireRestored(session.download(symbols), session.download(decodedSymbols));
  }

  @Override
  public long bytes() {
    return sideCoder.bytes() + coder.bytes();
  }

  @Override
  public DeviceBuffer restored() {
    return restored;
  }
}
