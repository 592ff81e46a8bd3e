package dev.tessera.bench;

import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.KernelCache;
import dev.tessera.cuda.network.CudaNetworks;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Calibration;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Measures models from normalized tiles in the GPU's memory to streams there, and back: whole and
 * in parts, in several precisions and with several codecs.
 */
public final class E2eBench implements AutoCloseable {
  private static final long TILES_SEED = 1;

  private final CudaSession session;
  private final E2eOptions options;
  private final Consumer<String> progress;
  private final Map<E2eShape, MemorySegment> tiles = new HashMap<>();

  /**
   * Opens the GPU.
   *
   * @param progress told what comes next
   * @throws TesseraException.Unsupported if there is no GPU
   */
  public E2eBench(E2eOptions options, Consumer<String> progress) {
    this.options = options;
    this.progress = progress;
    this.session = new CudaSession();
  }

  /** The GPU and its driver, by name. */
  public Map<String, Map<String, String>> devices() {
    return Map.of("cuda", session.properties());
  }

  /**
   * Measures a model in all precisions with all codecs. What cannot run is told among what was
   * skipped.
   *
   * @param random whether the weights are, so that restored tiles say nothing
   * @param peers who else does the same work; null for nobody
   * @throws TesseraException.Invalid if the model does not take such tiles
   * @throws TesseraException.Corrupt if latents do not come back
   * @throws TesseraException.Unsupported if nothing can run
   */
  public E2eSection measure(Model model, boolean random, PyTorchPeers peers) {
    E2eShape shape = options.shape().of(model);
    MemorySegment original = tiles.computeIfAbsent(shape, this::make);
    List<E2eResult> results = new ArrayList<>();
    Map<Precisions, List<LayerTime>> layers = new LinkedHashMap<>();
    List<String> skipped = new ArrayList<>();
    for (Precisions precision : options.precisions()) {
      Optional<String> obstacle = obstacle(model, precision);
      if (obstacle.isPresent()) {
        skipped.add(model.name() + " in " + precision + ": " + obstacle.get());
        continue;
      }
      session.reset();
      List<DeviceBuffer> inputs = inputs(original, shape);
      long kept = session.device.mark();
      E2eBatch batch = new E2eBatch(session, options.repetitions(), original, precision);
      try (CudaNetworks networks = new CudaNetworks(session.context, model, precision)) {
        for (String codec : options.codecs()) {
          Optional<String> missing = LatentCoders.obstacle(codec, model);
          if (missing.isPresent()) {
            skipped.add(codec + " in " + precision + ": " + missing.get());
            continue;
          }
          progress.accept("%s  %s  %s".formatted(model.name(), precision, codec));
          session.reset(kept);
          E2ePath path = path(networks, shape, inputs, codec);
          if (!layers.containsKey(precision)) {
            layers.put(precision, batch.layers(path));
          }
          results.add(batch.measure(path, codec, !random));
        }
      }
    }
    if (results.isEmpty()) {
      throw new TesseraException.Unsupported(String.join("; ", skipped));
    }
    List<PeerResult> others =
        peers == null ? List.of() : peers(model, peers, original, shape, skipped);
    String input =
        "%s (%s, N=%d, M=%d), %s of %s"
            .formatted(
                model.name(),
                model.architecture().id(),
                model.n(),
                model.m(),
                shape,
                options.quantity());
    return new E2eSection(model.name(), input, results, layers, others, skipped);
  }

  private Optional<String> obstacle(Model model, Precisions precision) {
    try {
      for (Network network : List.of(Network.G_A, Network.G_S)) {
        if (precision.of(network) == Precision.FP8) {
          Calibration.of(model).require(model.architecture(), network);
        }
      }
    } catch (TesseraException.Invalid e) {
      return Optional.of(e.getMessage());
    }
    return CudaNetworks.unavailable(model, precision, session.context.device(), KernelCache.user());
  }

  private E2ePath path(
      CudaNetworks networks, E2eShape shape, List<DeviceBuffer> inputs, String codec) {
    boolean side = networks.model().architecture().hasHyperprior();
    return side && !LatentCoders.isPipeline(codec)
        ? new HyperpriorPath(
            session, networks, shape, inputs, LatentCoders.channelsPerStream(codec))
        : new PlainPath(session, networks, shape, inputs, codec);
  }

  /** Runs other programs on what we made of the same tiles with the most exact precision. */
  private List<PeerResult> peers(
      Model model,
      PyTorchPeers peers,
      MemorySegment original,
      E2eShape shape,
      List<String> skipped) {
    Optional<String> reason = peers.obstacle();
    if (reason.isPresent()) {
      skipped.add(reason.get());
      return List.of();
    }
    session.reset();
    Precisions exact =
        options.precisions().stream()
            .min((a, b) -> a.of(Network.G_A).compareTo(b.of(Network.G_A)))
            .orElseThrow();
    try (CudaNetworks networks = new CudaNetworks(session.context, model, exact)) {
      progress.accept(model.name() + "  peers");
      LatentsOnly ours = LatentsOnly.of(session, networks, shape, session.upload(original));
      return peers.run(model, shape, original, ours.latents(), ours.restored(), progress);
    } catch (IOException e) {
      // what was measured until now is worth keeping
      skipped.add("peers: " + e.getMessage());
      return List.of();
    }
  }

  private MemorySegment make(E2eShape shape) {
    progress.accept("making %s of %s".formatted(shape, options.quantity()));
    SyntheticTiles source =
        new SyntheticTiles(
            SyntheticTiles.quantity(options.quantity()),
            shape.channels(),
            shape.height(),
            shape.width(),
            TILES_SEED);
    MemorySegment made = Arena.ofAuto().allocate(shape.bytes(), Float.BYTES);
    long perTile = shape.perTile() * Float.BYTES;
    for (int i = 0; i < shape.tiles(); i++) {
      source.next(made.asSlice(i * perTile, perTile));
    }
    return made;
  }

  /** The tiles in several orders, so that no cache holds them. */
  private List<DeviceBuffer> inputs(MemorySegment original, E2eShape shape) {
    int sets = options.repetitions().inputSets();
    List<DeviceBuffer> inputs = new ArrayList<>();
    for (int set = 0; set < sets; set++) {
      long first = (long) set * shape.tiles() / sets * shape.perTile() * Float.BYTES;
      MemorySegment turned = Arena.ofAuto().allocate(original.byteSize(), Float.BYTES);
      long rest = original.byteSize() - first;
      MemorySegment.copy(original, first, turned, 0, rest);
      MemorySegment.copy(original, 0, turned, rest, first);
      inputs.add(session.upload(turned));
    }
    return inputs;
  }

  @Override
  public void close() {
    session.close();
  }
}
