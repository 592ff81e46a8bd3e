package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Architecture and widths of a model, and the shapes that follow from them.
 *
 * @param n width of the inner layers
 * @param m channels of the latent
 * @param inputChannels channels of a tile, 1 to 16
 */
record Dimensions(Architecture architecture, int n, int m, int inputChannels) {
  private static final int MAX_INPUT_CHANNELS = 16;

  private static final int MAX_WIDTH = 4096;

  /** Most values of all networks together: about twice what a hyperprior of N = M = 512 has. */
  private static final long MAX_VALUES = 1L << 27;

  boolean hasGdn() {
    return architecture != Architecture.FACTORIZED_RELU;
  }

  int bottleneckChannels() {
    return architecture.hasHyperprior() ? n : m;
  }

  /**
   * The dimensions by canonical names and shapes, from what decoding needs.
   *
   * @throws TesseraException.Unsupported if they belong to no architecture that Tessera knows
   */
  static Dimensions infer(SortedMap<String, int[]> shapes) {
    int[] first = shapes.get("g_s.0.weight");
    int[] last = shapes.get("g_s.6.weight");
    if (first == null || last == null || first.length != 4 || last.length != 4) {
      throw unsupported("no synthesis transform g_s of four transposed convolutions", shapes);
    }
    int m = first[0];
    int n = first[1];
    int inputChannels = last[1];
    requireSupported(n, m, inputChannels);
    boolean gdn = shapes.containsKey("g_s.1.beta");
    if (shapes.keySet().stream().noneMatch(name -> name.startsWith("h_s."))) {
      Architecture architecture = gdn ? Architecture.FACTORIZED : Architecture.FACTORIZED_RELU;
      return new Dimensions(architecture, n, m, inputChannels);
    }
    int[] scales = shapes.get("h_s.4.weight");
    if (!gdn || scales == null || scales.length != 4) {
      throw unsupported("a hyperprior h_s that is neither of the supported ones", shapes);
    }
    if (scales[0] != m && scales[0] != 2L * m) {
      throw unsupported(
          "a hyperprior with %d outputs for %d latent channels".formatted(scales[0], m), shapes);
    }
    Architecture architecture =
        scales[0] == m ? Architecture.HYPERPRIOR : Architecture.MEAN_HYPERPRIOR;
    return new Dimensions(architecture, n, m, inputChannels);
  }

  private static void requireSupported(int n, int m, int inputChannels) {
    if (Math.min(Math.min(n, m), inputChannels) < 1
        || Math.max(n, m) > MAX_WIDTH
        || inputChannels > MAX_INPUT_CHANNELS) {
      throw new TesseraException.Unsupported(
          "the model has N=%d, M=%d and %d channels: 1 to %d and 1 to %d channels are supported"
              .formatted(n, m, inputChannels, MAX_WIDTH, MAX_INPUT_CHANNELS));
    }
  }

  /** These, if they are within what Tessera supports. */
  Dimensions checked() {
    requireSupported(n, m, inputChannels);
    return this;
  }

  /** The shape of every weight of all networks. */
  SortedMap<String, int[]> weightShapes() {
    SortedMap<String, int[]> shapes = new TreeMap<>();
    architecture.networks().forEach(network -> addShapes(network, shapes));
    return shapes;
  }

  private static TesseraException unsupported(String what, SortedMap<String, int[]> shapes) {
    return new TesseraException.Unsupported(
        "the model has "
            + what
            + " (its modules: "
            + StateDict.modules(shapes.keySet())
            + "): "
            + String.join(", ", Arrays.stream(Architecture.values()).map(Architecture::id).toList())
            + " are supported");
  }

  /**
   * The shape of every weight of the networks that are there, checked: the synthesis networks must
   * be, the analysis networks may be absent.
   *
   * @throws TesseraException.Corrupt if a weight is missing or has another shape
   */
  Map<String, int[]> requiredShapes(SortedMap<String, int[]> shapes) {
    Map<String, int[]> required = new TreeMap<>();
    for (Network network : architecture.networks()) {
      boolean decoding = network == Network.G_S || network == Network.H_S;
      if (decoding
          || shapes.keySet().stream().anyMatch(k -> k.startsWith(network.prefix() + "."))) {
        addShapes(network, required);
      }
    }
    long values = 0;
    for (Map.Entry<String, int[]> entry : required.entrySet()) {
      int[] found = shapes.get(entry.getKey());
      if (found == null) {
        throw new TesseraException.Corrupt(
            "the model looks like "
                + architecture.id()
                + " but lacks the tensor '"
                + entry.getKey()
                + "'",
            -1);
      }
      if (!Arrays.equals(found, entry.getValue())) {
        throw new TesseraException.Corrupt(
            "the tensor '%s' has shape %s, but %s with N=%d, M=%d and %d channels has %s there"
                .formatted(
                    entry.getKey(),
                    Arrays.toString(found),
                    architecture.id(),
                    n,
                    m,
                    inputChannels,
                    Arrays.toString(entry.getValue())),
            -1);
      }
      values += TensorShape.size(found);
    }
    if (values > MAX_VALUES) {
      throw new TesseraException.Unsupported(
          "the model has " + values + " weights: at most " + MAX_VALUES + " are supported");
    }
    return required;
  }

  private void addShapes(Network network, Map<String, int[]> shapes) {
    int in = firstChannels(network);
    for (Layer layer : architecture.layers(network)) {
      switch (layer) {
        case Layer.Conv conv -> {
          int out = outputChannels(network, conv.name());
          shapes.put(conv.name() + ".weight", new int[] {out, in, conv.kernel(), conv.kernel()});
          shapes.put(conv.name() + ".bias", new int[] {out});
          in = out;
        }
        case Layer.ConvTranspose conv -> {
          int out = outputChannels(network, conv.name());
          shapes.put(conv.name() + ".weight", new int[] {in, out, conv.kernel(), conv.kernel()});
          shapes.put(conv.name() + ".bias", new int[] {out});
          in = out;
        }
        case Layer.Gdn gdn -> {
          shapes.put(gdn.name() + ".beta", new int[] {in});
          shapes.put(gdn.name() + ".gamma", new int[] {in, in});
        }
        case Layer.Relu _, Layer.LeakyRelu _, Layer.Abs _ -> {}
      }
    }
  }

  private int firstChannels(Network network) {
    return switch (network) {
      case G_A -> inputChannels;
      case G_S, H_A -> m;
      case H_S -> n;
    };
  }

  private int outputChannels(Network network, String layer) {
    int position = Integer.parseInt(layer.substring(layer.indexOf('.') + 1));
    return switch (network) {
      case G_A -> position == 6 ? m : n;
      case G_S -> position == 6 ? inputChannels : n;
      case H_A -> n;
      case H_S -> {
        if (architecture.hasMeans()) {
          yield position == 0 ? m : position == 2 ? m * 3 / 2 : 2 * m;
        }
        yield position == 4 ? m : n;
      }
    };
  }
}
