package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Collectors;

/**
 * The network architectures that Tessera knows, under CompressAI's names and with its layers: Ballé
 * et al., "Variational image compression with a scale hyperprior" (ICLR 2018), and Minnen et al.,
 * "Joint autoregressive and hierarchical priors" (NeurIPS 2018) without the autoregressive part.
 */
public enum Architecture {
  FACTORIZED("bmshj2018-factorized"),
  FACTORIZED_RELU("bmshj2018-factorized-relu"),
  HYPERPRIOR("bmshj2018-hyperprior"),
  MEAN_HYPERPRIOR("mbt2018-mean");

  private static final float LEAKY_SLOPE = 0.01f;

  private final String id;

  Architecture(String id) {
    this.id = id;
  }

  /** CompressAI's name. */
  public String id() {
    return id;
  }

  /**
   * Whether a latent's distribution comes from side information rather than from one table per
   * channel.
   */
  public boolean hasHyperprior() {
    return this == HYPERPRIOR || this == MEAN_HYPERPRIOR;
  }

  /** Whether the side information gives means besides scales. */
  public boolean hasMeans() {
    return this == MEAN_HYPERPRIOR;
  }

  /** How many times smaller than the tile the latent is, along each side. */
  public int latentStride() {
    return 16;
  }

  /** How many times smaller than the tile the side information is; 0 where there is none. */
  public int sideStride() {
    return hasHyperprior() ? 64 : 0;
  }

  /** The networks that this architecture has. */
  public List<Network> networks() {
    return hasHyperprior()
        ? List.of(Network.G_A, Network.H_A, Network.H_S, Network.G_S)
        : List.of(Network.G_A, Network.G_S);
  }

  /** The layers of a network in order. */
  public List<Layer> layers(Network network) {
    String p = network.prefix();
    boolean relu = this == FACTORIZED_RELU;
    return switch (network) {
      case G_A ->
          List.of(
              new Layer.Conv(p + ".0", 5, 2),
              relu ? new Layer.Relu() : new Layer.Gdn(p + ".1", false),
              new Layer.Conv(p + ".2", 5, 2),
              relu ? new Layer.Relu() : new Layer.Gdn(p + ".3", false),
              new Layer.Conv(p + ".4", 5, 2),
              relu ? new Layer.Relu() : new Layer.Gdn(p + ".5", false),
              new Layer.Conv(p + ".6", 5, 2));
      case G_S ->
          List.of(
              new Layer.ConvTranspose(p + ".0", 5, 2),
              relu ? new Layer.Relu() : new Layer.Gdn(p + ".1", true),
              new Layer.ConvTranspose(p + ".2", 5, 2),
              relu ? new Layer.Relu() : new Layer.Gdn(p + ".3", true),
              new Layer.ConvTranspose(p + ".4", 5, 2),
              relu ? new Layer.Relu() : new Layer.Gdn(p + ".5", true),
              new Layer.ConvTranspose(p + ".6", 5, 2));
      case H_A ->
          switch (this) {
            case HYPERPRIOR ->
                List.of(
                    new Layer.Abs(),
                    new Layer.Conv(p + ".0", 3, 1),
                    new Layer.Relu(),
                    new Layer.Conv(p + ".2", 5, 2),
                    new Layer.Relu(),
                    new Layer.Conv(p + ".4", 5, 2));
            case MEAN_HYPERPRIOR ->
                List.of(
                    new Layer.Conv(p + ".0", 3, 1),
                    new Layer.LeakyRelu(LEAKY_SLOPE),
                    new Layer.Conv(p + ".2", 5, 2),
                    new Layer.LeakyRelu(LEAKY_SLOPE),
                    new Layer.Conv(p + ".4", 5, 2));
            default -> throw noSuchNetwork(network);
          };
      case H_S ->
          switch (this) {
            // CompressAI ends the scale hyperprior's h_s with a ReLU: scales are not negative
            case HYPERPRIOR ->
                List.of(
                    new Layer.ConvTranspose(p + ".0", 5, 2),
                    new Layer.Relu(),
                    new Layer.ConvTranspose(p + ".2", 5, 2),
                    new Layer.Relu(),
                    new Layer.Conv(p + ".4", 3, 1),
                    new Layer.Relu());
            case MEAN_HYPERPRIOR ->
                List.of(
                    new Layer.ConvTranspose(p + ".0", 5, 2),
                    new Layer.LeakyRelu(LEAKY_SLOPE),
                    new Layer.ConvTranspose(p + ".2", 5, 2),
                    new Layer.LeakyRelu(LEAKY_SLOPE),
                    new Layer.Conv(p + ".4", 3, 1));
            default -> throw noSuchNetwork(network);
          };
    };
  }

  /**
   * The shape of every weight of this architecture's networks, by name.
   *
   * @param n width N of the inner layers
   * @param m channels M of the latent
   * @param inputChannels channels of a tile
   * @throws TesseraException.Unsupported if a width is out of the supported range
   */
  public SortedMap<String, int[]> weightShapes(int n, int m, int inputChannels) {
    return new Dimensions(this, n, m, inputChannels).checked().weightShapes();
  }

  private IllegalArgumentException noSuchNetwork(Network network) {
    return new IllegalArgumentException(id + " has no " + network.prefix());
  }

  /**
   * The architecture of an id.
   *
   * @throws TesseraException.Unsupported if it is none of these
   */
  public static Architecture parse(String id) {
    for (Architecture architecture : values()) {
      if (architecture.id.equals(id)) {
        return architecture;
      }
    }
    throw new TesseraException.Unsupported(
        "the architecture '"
            + id
            + "' is not supported: "
            + Arrays.stream(values()).map(Architecture::id).collect(Collectors.joining(", "))
            + " are");
  }
}
