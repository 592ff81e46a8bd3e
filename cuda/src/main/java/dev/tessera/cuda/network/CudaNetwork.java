package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.transform.Precision;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * g_a, h_a or g_s on a device: its weights, and plans of launches for batches. Tiles are float32 or
 * a field's own values, {@code tile × channels × height × width}; latents likewise, or 32-bit
 * symbols. Plans may be made and run by several threads at once, each with its own memory.
 */
public final class CudaNetwork {
  private static final int ALIGNMENT = 256;

  private final NetworkLayers chosen;
  private final EdgeLoad load;
  private final List<DeviceLayer> layers = new ArrayList<>();

  /** A network whose tiles are float32. */
  public CudaNetwork(
      CudaStream stream,
      DeviceArena arena,
      Model model,
      Network which,
      Precision precision,
      boolean symbols) {
    this(stream, arena, model, which, precision, symbols, false);
  }

  /**
   * Uploads the weights, and waits for that. Kernels are compiled that never were on this machine.
   *
   * @param arena owns the weights, which must stay as long as the network is used
   * @param symbols whether latents are symbols: what g_a gives, or g_s takes
   * @param fieldValues whether tiles are a field's own values: what g_a takes, or g_s gives
   * @throws TesseraException.Invalid if the model does not hold the network, or is not calibrated
   *     for fp8
   */
  public CudaNetwork(
      CudaStream stream,
      DeviceArena arena,
      Model model,
      Network which,
      Precision precision,
      boolean symbols,
      boolean fieldValues) {
    Uploads uploads = new Uploads(stream, arena);
    DeviceTraits device = DeviceTraits.of(stream.context().device());
    NetworkLayers layersOfTiles = NetworkLayers.of(model, which, precision, symbols, device);
    chosen = fieldValues ? layersOfTiles.withFieldValues() : layersOfTiles;
    load = chosen.load() == null ? null : chosen.load().build(uploads);
    chosen.layers().forEach(layer -> layers.add(layer.build(uploads)));
    stream.synchronize();
  }

  /** An activation between layers. */
  private record Between(int channels, ActivationType type, int height, int width) {
    long bytes(int tiles) {
      return (long) tiles * height * width * Convolution.padded(channels) * type.bytes();
    }
  }

  /** All of them, in order. */
  private List<Between> between(int height, int width) {
    List<Between> all = new ArrayList<>();
    if (load != null) {
      NetworkLayers.Load loaded = chosen.load();
      all.add(new Between(loaded.channels(), loaded.output().type(), height, width));
    }
    int h = height;
    int w = width;
    for (NetworkLayers.Chosen layer : chosen.layers().subList(0, layers.size() - 1)) {
      h = layer.layer().outputSide(h);
      w = layer.layer().outputSide(w);
      all.add(new Between(layer.layer().outputs(), layer.output().type(), h, w));
    }
    return all;
  }

  /**
   * Device memory that a plan needs for activations.
   *
   * @param height rows of an input image
   * @param width columns of an input image
   */
  public long workspaceBytes(int tiles, int height, int width) {
    return halfBytes(tiles, height, width, 0) + halfBytes(tiles, height, width, 1);
  }

  /** Activations stand in two places by turns; each is as large as the largest there. */
  private long halfBytes(int tiles, int height, int width, int parity) {
    List<Between> all = between(height, width);
    long most = 0;
    for (int i = parity; i < all.size(); i += 2) {
      most = Math.max(most, all.get(i).bytes(tiles));
    }
    return (most + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** Prepares the launches where tiles are float32. */
  public NetworkPlan plan(
      DeviceBuffer in,
      DeviceBuffer out,
      DeviceBuffer workspace,
      DeviceBuffer errors,
      int tiles,
      int height,
      int width) {
    return plan(in, out, workspace, errors, tiles, height, width, null);
  }

  /**
   * Prepares the launches for batches of one shape at fixed addresses.
   *
   * @param in input images
   * @param out output images
   * @param workspace of {@link #workspaceBytes}, aligned to 256 bytes
   * @param errors a 32-bit word that is not 0 once a latent was not finite or 2^24 and more; used
   *     where symbols come out, else it may be null
   * @param height rows of an input image
   * @param width columns of an input image
   * @param fieldValues how a field's own values become tiles, as {@link
   *     dev.tessera.cuda.CudaTileValues#of} says it; null where tiles are float32
   * @throws TesseraException.Invalid if the memory is too small
   */
  public NetworkPlan plan(
      DeviceBuffer in,
      DeviceBuffer out,
      DeviceBuffer workspace,
      DeviceBuffer errors,
      int tiles,
      int height,
      int width,
      MemorySegment fieldValues) {
    if (workspace.bytes() < workspaceBytes(tiles, height, width)) {
      throw new TesseraException.Invalid(
          "%d bytes are too few for the activations of %d tiles"
              .formatted(workspace.bytes(), tiles));
    }
    long half = halfBytes(tiles, height, width, 0);
    List<Between> all = between(height, width);
    List<Images> places = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      Between next = all.get(i);
      DeviceBuffer place = workspace.slice(i % 2 == 0 ? 0 : half, next.bytes(tiles));
      places.add(new Images(place, tiles, next.height(), next.width()));
    }
    List<Step> steps = new ArrayList<>();
    Images last = new Images(in, tiles, height, width, fieldValues);
    int next = 0;
    if (load != null) {
      steps.add(load.plan(last, places.getFirst()));
      last = places.get(next++);
    }
    for (int i = 0; i < layers.size(); i++) {
      Convolution layer = chosen.layers().get(i).layer();
      Images to =
          i < layers.size() - 1
              ? places.get(next++)
              : new Images(
                  out,
                  tiles,
                  layer.outputSide(last.height()),
                  layer.outputSide(last.width()),
                  fieldValues);
      steps.add(layers.get(i).plan(last, to, errors));
      last = to;
    }
    return new NetworkPlan(steps);
  }
}
