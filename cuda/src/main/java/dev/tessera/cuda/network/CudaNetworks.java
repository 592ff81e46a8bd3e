package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.CudaDevice;
import dev.tessera.cuda.CudaStream;
import dev.tessera.cuda.DeviceArena;
import dev.tessera.cuda.KernelCache;
import dev.tessera.cuda.KernelSource;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.transform.Precision;
import dev.tessera.transform.Precisions;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model's networks on a device, each made when it is first needed: decoding never pays for g_a.
 * Several threads may use them at once.
 */
public final class CudaNetworks implements AutoCloseable {
  private static final long SLAB = 16L << 20;
  private static final int MOST_CHANNELS = 320;

  /** A network in one of its forms. */
  private record Key(Network network, boolean symbols, boolean fieldValues) {}

  private final CudaContext context;
  private final Model model;
  private final Precisions precisions;
  private final DeviceArena arena;
  private final Map<Key, CudaNetwork> networks = new HashMap<>();

  /** Uploads nothing yet. */
  public CudaNetworks(CudaContext context, Model model, Precisions precisions) {
    this.context = context;
    this.model = model;
    this.precisions = precisions;
    this.arena = context.newArena(SLAB);
  }

  /**
   * Why a device cannot run a model's networks, and what to do about it; empty where it can.
   *
   * @param kernels where kernels are looked for
   */
  public static Optional<String> unavailable(
      Model model, Precisions precisions, CudaDevice device, KernelCache kernels) {
    DeviceTraits traits = DeviceTraits.of(device);
    if (precisions.has(Precision.FP8) && !traits.hasE4m3()) {
      return Optional.of(
          "fp8 needs compute capability 8.9 or higher, and %s has %d.%d: use fp16"
              .formatted(device.name(), device.major(), device.minor()));
    }
    if (Math.max(model.n(), model.m()) > MOST_CHANNELS) {
      return Optional.of(
          "networks of more than %d channels run on the CPU only: use --device cpu"
              .formatted(MOST_CHANNELS));
    }
    return kernels.obstacle(device, sources(model, precisions, traits));
  }

  /** What is compiled for a model's networks, whether their latents are symbols or float32. */
  private static List<KernelSource> sources(
      Model model, Precisions precisions, DeviceTraits traits) {
    List<Boolean> forms =
        model.architecture().hasHyperprior() ? List.of(false) : List.of(true, false);
    return model.architecture().networks().stream()
        .filter(network -> network != Network.H_S && model.has(network))
        .flatMap(network ->
            forms.stream()
                .flatMap(symbols ->
                    NetworkLayers.sources(model, network, precisions.of(network), symbols, traits)
                        .stream()))
        .distinct()
        .toList();
  }

  /**
   * What is compiled for a model's networks in all precisions that an architecture has, each once.
   *
   * @param architecture such as {@code sm_90a}
   */
  public static List<KernelSource> sources(Model model, String architecture) {
    return DeviceTraits.of(architecture).withLater().stream()
        .flatMap(traits ->
            Arrays.stream(Precision.values())
                .filter(precision -> precision != Precision.FP8 || traits.hasE4m3())
                .flatMap(precision -> sources(model, Precisions.of(precision), traits).stream()))
        .distinct()
        .toList();
  }

  /** The model. */
  public Model model() {
    return model;
  }

  /** A network whose tiles are float32. */
  public CudaNetwork get(Network which, boolean symbols) {
    return get(which, symbols, false);
  }

  /**
   * A network.
   *
   * @param which g_a, h_a or g_s
   * @param symbols whether its latents are symbols: what g_a gives, or g_s takes; else float32
   * @param fieldValues whether its tiles are a field's own values: what g_a takes, or g_s gives;
   *     else float32
   * @throws dev.tessera.field.TesseraException.Invalid if the model does not hold it
   */
  public synchronized CudaNetwork get(Network which, boolean symbols, boolean fieldValues) {
    return networks.computeIfAbsent(new Key(which, symbols, fieldValues), this::make);
  }

  /** Whether g_a can take, or g_s give, tiles of a field's own values. */
  public boolean takesFieldValues(Network which) {
    return NetworkLayers.takesFieldValues(
        model, which, precisions.of(which), DeviceTraits.of(context.device()));
  }

  private CudaNetwork make(Key key) {
    try (CudaStream stream = context.newStream()) {
      return new CudaNetwork(
          stream,
          arena,
          model,
          key.network(),
          precisions.of(key.network()),
          key.symbols(),
          key.fieldValues());
    }
  }

  /** Frees the weights; nothing may run any more. */
  @Override
  public synchronized void close() {
    networks.clear();
    arena.close();
  }
}
