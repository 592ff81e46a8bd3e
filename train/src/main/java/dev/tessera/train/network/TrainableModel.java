package dev.tessera.train.network;

import dev.tessera.entropy.GaussianTables;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.Tensor.Floats;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A model being trained. A step is
 *
 * <pre>
 *   try (PointerScope scope = new PointerScope();
 *       Forward forward = model.training(tiles, noiseSeed, type)) {
 *     Tensor loss = ...;            // of forward.restored(), latentBits(), sideBits()
 *     forward.backward(loss);       // instead of loss.backward(): sets model.main().gradient()
 *   }
 *   model.quantileLoss();           // sets model.auxiliary().gradient()
 * </pre>
 *
 * <p>and then the optimizers move {@link #main} and {@link #auxiliary} by the gradients found
 * there. No call waits for the device. Not thread-safe.
 */
public final class TrainableModel implements AutoCloseable {
  private final Architecture architecture;
  private final TorchDevice device;
  private final ScalarType type;
  private final ParameterGroup main;
  private final ParameterGroup auxiliary;
  private final Map<String, dev.tessera.model.Tensor> constants;
  private final Map<ScalarType, NetworkWeights> weights = new EnumMap<>(ScalarType.class);
  private final Map<Network, DifferentiableNetwork> networks = new EnumMap<>(Network.class);
  private final FactorizedLikelihood density;
  private final QuantileLoss quantileLoss;
  private final Noise noise;

  /**
   * @param type of the parameters and all that is summed: float32, or float64 to check gradients
   */
  TrainableModel(
      Architecture architecture,
      Map<String, Floats> tensors,
      Map<String, dev.tessera.model.Tensor> constants,
      TorchDevice device,
      ScalarType type) {
    this.architecture = architecture;
    this.device = device;
    this.type = type;
    this.constants = constants;
    this.main = new ParameterGroup(mainOrder(tensors), device.handle(), type);
    this.auxiliary =
        new ParameterGroup(
            filtered(tensors, FactorizedLikelihood.QUANTILES::equals), device.handle(), type);
    boolean phases =
        device.isCuda()
            && tensors.get("g_a.0.weight").dim(1) <= PhaseConvolutionLayer.MOST_CHANNELS;
    for (Network network : architecture.networks()) {
      networks.put(network, new DifferentiableNetwork(architecture, network, phases));
    }
    this.density = new FactorizedLikelihood(main);
    this.quantileLoss = new QuantileLoss(density, auxiliary);
    this.noise = new Noise(device);
  }

  /**
   * A new model.
   *
   * @param n width N of the inner layers
   * @param m channels M of the latent
   * @param inputChannels channels of a tile
   * @param seed decides every parameter
   * @throws TesseraException.Unsupported if a width is out of range
   */
  public static TrainableModel random(
      Architecture architecture, int n, int m, int inputChannels, long seed, TorchDevice device) {
    return random(architecture, n, m, inputChannels, GaussianTables.standardScales(), seed, device);
  }

  /**
   * A new model whose hyperprior, if it has one, chooses among standard deviations of its own.
   *
   * @param scales strictly rising, as {@link GaussianTables#scales} makes them
   */
  public static TrainableModel random(
      Architecture architecture,
      int n,
      int m,
      int inputChannels,
      float[] scales,
      long seed,
      TorchDevice device) {
    return new TrainableModel(
        architecture,
        Initialization.random(architecture, n, m, inputChannels, seed),
        ModelParameters.constants(architecture, new Floats(new int[] {scales.length}, scales)),
        device,
        ScalarType.Float);
  }

  /**
   * A model to go on from.
   *
   * @param model any that {@link Model#read} reads, if it is complete
   * @throws TesseraException.Invalid if it is decode-only or keeps no density
   */
  public static TrainableModel of(Model model, TorchDevice device) {
    return new TrainableModel(
        model.architecture(),
        ModelParameters.of(model),
        ModelParameters.constants(model),
        device,
        ScalarType.Float);
  }

  /**
   * Convolutions, then betas, then gammas, then the density: what is treated alike lies together.
   */
  private static Map<String, Floats> mainOrder(Map<String, Floats> tensors) {
    Map<String, Floats> ordered = new LinkedHashMap<>();
    List<String> endings = List.of(".weight", ".bias", ".beta", ".gamma");
    for (String ending : endings) {
      ordered.putAll(filtered(tensors, name -> name.endsWith(ending)));
    }
    for (String list : List.of("matrices", "biases", "factors")) {
      ordered.putAll(filtered(tensors, name -> name.contains("." + list + ".")));
    }
    return ordered;
  }

  private static Map<String, Floats> filtered(
      Map<String, Floats> tensors, Predicate<String> condition) {
    Map<String, Floats> kept = new LinkedHashMap<>(tensors);
    kept.keySet().removeIf(condition.negate());
    return kept;
  }

  /** The architecture of the networks. */
  public Architecture architecture() {
    return architecture;
  }

  /** Where the parameters are. */
  public TorchDevice device() {
    return device;
  }

  /** What the main optimizer moves: everything but the quantiles. */
  public ParameterGroup main() {
    return main;
  }

  /** What the auxiliary optimizer moves: the quantiles of the density. */
  public ParameterGroup auxiliary() {
    return auxiliary;
  }

  /** The parameters of {@link #main} by CompressAI's names. */
  public Map<String, Tensor> parameters() {
    return main.parameters();
  }

  /** The parameters of {@link #auxiliary} by CompressAI's names. */
  public Map<String, Tensor> quantiles() {
    return auxiliary.parameters();
  }

  /**
   * A pass with uniform noise of ±½ in place of rounding.
   *
   * @param tiles {@code B×C×H×W} float32, 0 to 1, on the model's device; sides are multiples of 16,
   *     of 64 with a hyperprior
   * @param noiseSeed decides the noise, on one device
   * @param compute what the networks are computed in
   */
  public Forward training(Tensor tiles, long noiseSeed, ComputeType compute) {
    drawNoise(noiseSeed);
    return training(tiles, compute);
  }

  /**
   * As the other one, with the noise of {@link #drawNoise}: the same work for the device always.
   */
  public Forward training(Tensor tiles, ComputeType compute) {
    return Pass.training(this, refreshed(compute.activations(type)), compute, tiles);
  }

  /** Draws the noise of the next pass. */
  public void drawNoise(long noiseSeed) {
    noise.draw(noiseSeed);
  }

  Noise noise() {
    return noise;
  }

  /**
   * A pass as coding does it, values rounded to whole steps from their medians or means, in
   * float32.
   *
   * @param tiles as {@link #training}'s
   */
  public Forward validation(Tensor tiles) {
    return Pass.validation(this, refreshed(type), tiles);
  }

  private NetworkWeights refreshed(ScalarType activations) {
    NetworkWeights current = weights.computeIfAbsent(activations, t -> new NetworkWeights(main, t));
    try (PointerScope scope = new PointerScope()) {
      current.refresh();
    }
    refreshDensity();
    return current;
  }

  private void refreshDensity() {
    try (PointerScope scope = new PointerScope()) {
      density.refresh();
    }
  }

  ScalarType type() {
    return type;
  }

  DifferentiableNetwork network(Network network) {
    return networks.get(network);
  }

  FactorizedLikelihood density() {
    return density;
  }

  /** Medians of the channels, {@code 1×C×1×1}. */
  Tensor medians() {
    return auxiliary.value(FactorizedLikelihood.QUANTILES).select(2, 1).view(1, -1, 1, 1);
  }

  /**
   * CompressAI's auxiliary loss, {@code Σ |logit(quantile) − target|} over the lower and upper
   * quantiles and medians; it moves the quantiles only. Its gradient replaces what {@link
   * #auxiliary}'s gradient holds, so there is no {@code backward} to call.
   *
   * @return a scalar, in the open {@code PointerScope}
   */
  public Tensor quantileLoss() {
    refreshDensity();
    return quantileLoss.evaluate();
  }

  /**
   * Sets the quantiles to where the density has them, by bisection: half a tail mass of 1e-9 below
   * the lower and above the upper one, half of all mass below the median. Training ends with it.
   */
  public void fitQuantiles() {
    refreshDensity();
    quantileLoss.fit();
  }

  /**
   * The model as it is now, with the tables of its entropy coder.
   *
   * @param metadata what the file is to say about itself
   * @throws TesseraException.Corrupt if training has failed: a parameter is not finite
   */
  public Model toModel(String name, Map<String, String> metadata) {
    Map<String, dev.tessera.model.Tensor> tensors = new LinkedHashMap<>(constants);
    tensors.putAll(state());
    return Model.of(name, tensors, metadata);
  }

  /** All parameters and quantiles by CompressAI's names, exact. */
  public Map<String, Floats> state() {
    Map<String, Floats> state = main.state();
    state.putAll(auxiliary.state());
    return state;
  }

  /**
   * Sets all parameters and quantiles.
   *
   * @throws TesseraException.Invalid if one is missing or has another shape
   */
  public void restore(Map<String, Floats> state) {
    main.restore(state);
    auxiliary.restore(state);
  }

  @Override
  public void close() {
    weights.values().forEach(NetworkWeights::close);
    density.close();
    quantileLoss.close();
    noise.close();
    main.close();
    auxiliary.close();
  }
}
