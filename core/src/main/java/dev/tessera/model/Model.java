package dev.tessera.model;

import dev.tessera.entropy.CdfTables;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A learned compression model: the weights of its networks and the integer tables of its entropy
 * coder, under CompressAI's names. Immutable and safe to share between threads; arrays that a
 * method returns are the model's own where its description says so, and must not be written to.
 *
 * <p>The tensors are canonical, whatever file they come from (see {@link StateDict}), and always
 * contain the tables: a file that stores none gets them built once, on reading. A decode-only model
 * has neither {@code g_a} nor {@code h_a}.
 */
public final class Model {
  /** Metadata key of the model's name. */
  public static final String NAME = "name";

  /** Metadata key of the normalizer that the model was trained behind. */
  public static final String NORMALIZER = "normalizer";

  /** Metadata key under which a written file repeats its {@link #id}. */
  public static final String ID = "id";

  /** CompressAI's reparametrization offset 2^-18, squared. */
  public static final float PEDESTAL = 0x1p-36f;

  /** Lower bound of a stored beta: sqrt(1e-6 + 2^-36). */
  public static final float BETA_BOUND = (float) Math.sqrt(1e-6 + 0x1p-36);

  /** Lower bound of a stored gamma: sqrt(0 + 2^-36). */
  public static final float GAMMA_BOUND = 0x1p-18f;

  private final String name;
  private final Dimensions dimensions;
  private final SortedMap<String, Tensor> tensors;
  private final Map<String, String> metadata;
  private final CdfTables bottleneckTables;
  private final Optional<CdfTables> conditionalTables;
  private final String id;

  /**
   * A model of canonical tensors.
   *
   * @param tensors validated, tables included: see {@link StateDict#canonical}
   * @throws TesseraException if the tables contradict themselves or the metadata the tensors
   */
  Model(
      String name,
      Dimensions dimensions,
      SortedMap<String, Tensor> tensors,
      Map<String, String> metadata) {
    this.name = Objects.requireNonNull(name);
    this.dimensions = dimensions;
    this.tensors = Collections.unmodifiableSortedMap(new TreeMap<>(tensors));
    this.metadata = Collections.unmodifiableMap(new TreeMap<>(metadata));
    this.bottleneckTables = ModelTables.stored(tensors, StateDict.BOTTLENECK);
    this.conditionalTables =
        dimensions.architecture().hasHyperprior()
            ? Optional.of(ModelTables.stored(tensors, StateDict.CONDITIONAL))
            : Optional.empty();
    this.id = ModelIdentity.of(this);
  }

  /**
   * Reads a model file: {@code .safetensors}, or a PyTorch checkpoint ({@code .pth}, {@code
   * .pth.tar}, {@code .pt}), told apart by content.
   *
   * @throws TesseraException.Corrupt if the file is damaged
   * @throws TesseraException.Unsupported if it holds another architecture, or more than tensors
   * @throws IOException if it cannot be read
   */
  public static Model read(Path file) throws IOException {
    return ModelReader.read(file);
  }

  /**
   * Reads a model from the bytes of a safetensors file, such as a container embeds.
   *
   * @param name the model's name where the metadata states none
   * @throws TesseraException as {@link #read(Path)}
   */
  public static Model read(MemorySegment safetensors, String name) {
    return ModelReader.read(safetensors, name);
  }

  /**
   * A model of tensors in memory, such as training ends with. It gets the tables of its entropy
   * coder built from the density and its quantiles unless they are among the tensors.
   *
   * @param name the model's name where the metadata states none
   * @param tensors under CompressAI's names, of any generation; not copied
   * @throws TesseraException as {@link #read(Path)}
   */
  public static Model of(String name, Map<String, Tensor> tensors, Map<String, String> metadata) {
    return ModelReader.of(tensors, metadata, name);
  }

  /** As {@link #read(MemorySegment, String)}, of a byte array. */
  public static Model read(byte[] safetensors, String name) {
    return ModelReader.read(MemorySegment.ofArray(safetensors), name);
  }

  /** The architecture of the networks. */
  public Architecture architecture() {
    return dimensions.architecture();
  }

  /** Width N of the inner layers, and of the side information where there is one. */
  public int n() {
    return dimensions.n();
  }

  /** Channels M of the latent. */
  public int m() {
    return dimensions.m();
  }

  /** Channels of a tile. */
  public int inputChannels() {
    return dimensions.inputChannels();
  }

  /** Channels that {@link #bottleneckTables} codes: M of a factorized model, N of a hyperprior. */
  public int bottleneckChannels() {
    return dimensions.bottleneckChannels();
  }

  /** The metadata's name, else the file's name without its ending. */
  public String name() {
    return name;
  }

  /** What the file says about itself, sorted by key; unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** The normalizer that the model was trained behind, as in {@code minmax:slice}. */
  public Optional<String> normalizer() {
    return Optional.ofNullable(metadata.get(NORMALIZER));
  }

  /**
   * SHA-256 of everything that decoding depends on, as 64 lower-case hex digits: two models with
   * equal ids decode each other's streams. See {@link ModelIdentity}.
   */
  public String id() {
    return id;
  }

  /** Whether the file holds this network; a decode-only model lacks {@code g_a} and {@code h_a}. */
  public boolean has(Network network) {
    return architecture().networks().contains(network)
        && tensors.keySet().stream().anyMatch(key -> key.startsWith(network.prefix() + "."));
  }

  /** All canonical tensors, sorted by name; unmodifiable, and the arrays are the model's own. */
  public SortedMap<String, Tensor> tensors() {
    return tensors;
  }

  /**
   * A tensor of real values; its array is the model's own.
   *
   * @throws TesseraException.Invalid if the model has no such tensor
   */
  public Tensor.Floats floats(String tensorName) {
    if (tensors.get(tensorName) instanceof Tensor.Floats floats) {
      return floats;
    }
    throw new TesseraException.Invalid(
        "the model "
            + name
            + " has no tensor '"
            + tensorName
            + "'"
            + (has(Network.G_A) ? "" : ": it is decode-only, use the complete model file"));
  }

  /**
   * Channels that a layer takes in, or the model's own where the layer has no weights of that kind.
   */
  public int inputChannels(Layer layer) {
    return switch (layer) {
      case Layer.Conv conv -> floats(conv.name() + ".weight").dim(1);
      case Layer.ConvTranspose conv -> floats(conv.name() + ".weight").dim(0);
      case Layer.Gdn gdn -> floats(gdn.name() + ".beta").dim(0);
      case Layer.Relu _, Layer.LeakyRelu _, Layer.Abs _ -> throw noWeights(layer);
    };
  }

  /** Channels that a convolution or GDN gives out. */
  public int outputChannels(Layer layer) {
    return switch (layer) {
      case Layer.Conv conv -> floats(conv.name() + ".weight").dim(0);
      case Layer.ConvTranspose conv -> floats(conv.name() + ".weight").dim(1);
      case Layer.Gdn gdn -> floats(gdn.name() + ".beta").dim(0);
      case Layer.Relu _, Layer.LeakyRelu _, Layer.Abs _ -> throw noWeights(layer);
    };
  }

  private static IllegalArgumentException noWeights(Layer layer) {
    return new IllegalArgumentException(layer + " keeps the channels that it gets");
  }

  /**
   * The effective beta of a GDN layer, {@code max(stored, bound)² − pedestal} in float32 arithmetic
   * (CompressAI's non-negative parametrization); {@code [channels]}, a fresh array.
   *
   * @param layer its name, as in {@code g_a.1}
   */
  public float[] gdnBeta(String layer) {
    return nonNegative(layer + ".beta", BETA_BOUND);
  }

  /**
   * The effective gamma of a GDN layer, {@code [out × in]} in C order; otherwise as {@link
   * #gdnBeta}.
   */
  public float[] gdnGamma(String layer) {
    return nonNegative(layer + ".gamma", GAMMA_BOUND);
  }

  private float[] nonNegative(String parameter, float defaultBound) {
    float bound = scalar(parameter + StateDict.REPARAM_BOUND, defaultBound);
    float pedestal = scalar(parameter + StateDict.REPARAM_PEDESTAL, PEDESTAL);
    float[] values = floats(parameter).values().clone();
    for (int i = 0; i < values.length; i++) {
      float bounded = Math.max(values[i], bound);
      values[i] = bounded * bounded - pedestal;
    }
    return values;
  }

  private float scalar(String tensorName, float otherwise) {
    return tensors.get(tensorName) instanceof Tensor.Floats floats ? floats.values()[0] : otherwise;
  }

  /** Median of each channel that {@link #bottleneckTables} codes; a fresh array. */
  public float[] medians() {
    float[] quantiles = floats(StateDict.QUANTILES).values();
    float[] medians = new float[quantiles.length / 3];
    for (int c = 0; c < medians.length; c++) {
      medians[c] = quantiles[3 * c + 1];
    }
    return medians;
  }

  /** One table per channel: of the latent where it is factorized, else of the side information. */
  public CdfTables bottleneckTables() {
    return bottleneckTables;
  }

  /**
   * One table per entry of {@link #scaleTable}.
   *
   * @throws TesseraException.Invalid if the model has no hyperprior
   */
  public CdfTables conditionalTables() {
    return conditionalTables.orElseThrow(this::noHyperprior);
  }

  /**
   * The scales (standard deviations) of {@link #conditionalTables}, ascending; a fresh array. The
   * smallest one is also the bound below which no scale is taken.
   *
   * @throws TesseraException.Invalid if the model has no hyperprior
   */
  public float[] scaleTable() {
    if (!architecture().hasHyperprior()) {
      throw noHyperprior();
    }
    return floats(StateDict.SCALE_TABLE).values().clone();
  }

  private TesseraException.Invalid noHyperprior() {
    return new TesseraException.Invalid(
        "the model " + name + " is " + architecture().id() + ", which has no conditional tables");
  }

  /** This model with what decoding needs only; it has the same {@link #id}. */
  public Model decodeOnly() {
    return new Model(name, dimensions, StateDict.decodingTensors(tensors), metadata);
  }

  /**
   * This model with its network weights rounded to float16, half the size when written. Everything
   * else keeps its precision. The rounded model is another model, with another {@link #id}.
   *
   * @throws TesseraException.Unsupported if a weight is beyond float16's range
   */
  public Model toHalf() {
    Map<String, String> kept = new TreeMap<>(metadata);
    kept.remove(ID);
    return new Model(name, dimensions, StateDict.roundedToHalf(tensors), kept);
  }

  /** This model under another name and with other metadata; the tensors, and so the id, stay. */
  public Model withMetadata(String newName, Map<String, String> newMetadata) {
    return new Model(newName, dimensions, tensors, newMetadata);
  }

  /**
   * The model as a safetensors file. Network weights are written as float16 where every one of them
   * is exactly a float16 (as after {@link #toHalf}), all other real values as float32, so that
   * nothing is lost. A complete model also gets the constant buffers that CompressAI's {@code
   * load_state_dict} asks for.
   */
  public byte[] toBytes() {
    return ModelReader.write(this);
  }

  /** Writes {@link #toBytes} to a file, replacing it in one step. */
  public void write(Path file) throws IOException {
    ModelReader.write(this, file);
  }

  Dimensions dimensions() {
    return dimensions;
  }

  @Override
  public String toString() {
    return name + " (" + architecture().id() + ", N=" + n() + ", M=" + m() + ", " + id + ")";
  }
}
