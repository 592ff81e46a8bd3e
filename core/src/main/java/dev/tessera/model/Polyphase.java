package dev.tessera.model;

import dev.tessera.model.OnnxGraph.Attribute;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes transposed convolutions of kernel 5 and stride 2 as ordinary convolutions over the small
 * image, one for each phase (parity of row and column) of the large one, so that no operation is
 * spent on zeros and the runtime's fastest convolutions apply.
 *
 * <p>The layer computes {@code out[o] = Σ in[i] · w[k]} over {@code o = 2i − 2 + k}, k from 0 to 4,
 * along each axis. So phase 0 sees {@code in[o/2 − 1 … o/2 + 1]} through taps 4, 2, 0, and phase 1
 * sees {@code in[(o−1)/2 … (o+1)/2]} through taps 3, 1: kernels of 3×3, 3×2, 2×3 and 2×2.
 *
 * <p>What follows pixel by pixel (GDN, ReLU) is applied to the phases, and only then are they put
 * together. Where the next layer has few channels, as the last layer of g_s, even that is saved:
 * each phase contributes directly to the 4×4 phases of the layer's output, by one 2×2 convolution.
 */
final class Polyphase {
  private static final int KERNEL = 5;
  private static final int STRIDE = 2;
  private static final int PHASES = STRIDE * STRIDE;

  /** Taps that an even and an odd output row see, from the first input row on. */
  private static final int[][] TAPS = {{4, 2, 0}, {3, 1}};

  private final Model model;
  private final OnnxGraph graph;
  private final OnnxLayers layers;

  Polyphase(Model model, OnnxGraph graph) {
    this.model = model;
    this.graph = graph;
    this.layers = new OnnxLayers(model, graph);
  }

  /** Whether these layers hold a transposed convolution and nothing that cannot be written so. */
  static boolean applies(List<Layer> layers) {
    return layers.stream().anyMatch(Layer.ConvTranspose.class::isInstance)
        && layers.stream()
            .allMatch(layer ->
                !(layer instanceof Layer.Conv)
                    && !(layer instanceof Layer.ConvTranspose conv
                        && (conv.kernel() != KERNEL || conv.stride() != STRIDE)));
  }

  /** Adds the layers, from the graph's input to its output. */
  void add(List<Layer> all) {
    List<String> phases = List.of(OnnxGraph.INPUT);
    for (int i = 0; i < all.size(); i++) {
      Layer layer = all.get(i);
      if (!(layer instanceof Layer.ConvTranspose conv)) {
        phases = phases.stream().map(phase -> layers.add(layer, phase, null)).toList();
      } else if (phases.size() == 1) {
        phases = split(conv, phases.getFirst());
      } else if (i == all.size() - 1 && isNarrow(conv)) {
        shuffle(List.of(scatter(conv, phases)), STRIDE * STRIDE, OnnxGraph.OUTPUT);
        return;
      } else {
        phases = split(conv, shuffle(phases, STRIDE, null));
      }
    }
    shuffle(phases, STRIDE, OnnxGraph.OUTPUT);
  }

  /** Whether 16 times the output channels are still fewer than the input's. */
  private boolean isNarrow(Layer.ConvTranspose conv) {
    Tensor.Floats weight = model.floats(conv.name() + ".weight");
    return PHASES * PHASES * weight.dim(1) < weight.dim(0);
  }

  /** The four phases of a layer's output, in the order (0,0), (0,1), (1,0), (1,1). */
  private List<String> split(Layer.ConvTranspose conv, String input) {
    Tensor.Floats weight = model.floats(conv.name() + ".weight");
    Tensor.Floats bias = model.floats(conv.name() + ".bias");
    String biasName = graph.constant(conv.name() + ".bias", bias.shape(), bias.values());
    int inputs = weight.dim(0);
    int outputs = weight.dim(1);
    List<String> phases = new ArrayList<>();
    for (int phase = 0; phase < PHASES; phase++) {
      int[] rows = TAPS[phase / STRIDE];
      int[] columns = TAPS[phase % STRIDE];
      float[] kernel = new float[outputs * inputs * rows.length * columns.length];
      int to = 0;
      for (int o = 0; o < outputs; o++) {
        for (int i = 0; i < inputs; i++) {
          for (int row : rows) {
            for (int column : columns) {
              kernel[to++] = tap(weight, i, o, row, column);
            }
          }
        }
      }
      String name = conv.name() + "_phase_" + phase;
      int[] shape = {outputs, inputs, rows.length, columns.length};
      phases.add(
          graph.node(
              "Conv",
              name,
              List.of(input, graph.constant(name + ".weight", shape, kernel), biasName),
              OnnxLayers.ints("kernel_shape", rows.length, columns.length),
              OnnxLayers.pads(rows.length - 2, columns.length - 2, 1, 1)));
    }
    return phases;
  }

  /**
   * A layer over an image given as four phases: 16 times its output channels, 4×4 phases of its
   * output. With input row {@code 2i + a} and output row {@code 4j + q}, the tap is {@code k = 4(j
   * − i) + q − 2a + 2}; so a = 0 reaches the rows i = j, j + 1 and a = 1 the rows i = j − 1, j.
   */
  private String scatter(Layer.ConvTranspose conv, List<String> phases) {
    Tensor.Floats weight = model.floats(conv.name() + ".weight");
    float[] bias = model.floats(conv.name() + ".bias").values();
    int inputs = weight.dim(0);
    int outputs = weight.dim(1);
    int side = STRIDE * STRIDE;
    float[] repeated = new float[side * side * outputs];
    for (int i = 0; i < repeated.length; i++) {
      repeated[i] = bias[i % outputs];
    }
    String sum = null;
    for (int phase = 0; phase < PHASES; phase++) {
      int a = phase / STRIDE;
      int b = phase % STRIDE;
      float[] kernel = new float[repeated.length * inputs * 4];
      int to = 0;
      for (int channel = 0; channel < repeated.length; channel++) {
        int q = channel / outputs / side;
        int r = channel / outputs % side;
        for (int i = 0; i < inputs; i++) {
          for (int y = 0; y < 2; y++) {
            for (int x = 0; x < 2; x++) {
              int row = 4 * (a - y) + q - 2 * a + 2;
              int column = 4 * (b - x) + r - 2 * b + 2;
              kernel[to++] = tap(weight, i, channel % outputs, row, column);
            }
          }
        }
      }
      String name = conv.name() + "_from_" + phase;
      List<String> in = new ArrayList<>(List.of(phases.get(phase)));
      in.add(graph.constant(name + ".weight", new int[] {repeated.length, inputs, 2, 2}, kernel));
      if (phase == 0) {
        in.add(graph.constant(conv.name() + ".bias", new int[] {repeated.length}, repeated));
      }
      String part =
          graph.node(
              "Conv",
              name,
              in,
              OnnxLayers.ints("kernel_shape", 2, 2),
              OnnxLayers.pads(a, b, 1 - a, 1 - b));
      sum =
          sum == null ? part : graph.node("Add", conv.name() + "_sum_" + phase, List.of(sum, part));
    }
    return sum;
  }

  /** Puts phases together to the image that they are of. */
  private String shuffle(List<String> phases, int side, String output) {
    String all =
        phases.size() == 1
            ? phases.getFirst()
            : graph.node("Concat", "phases_" + graph.size(), phases, new Attribute.Int("axis", 1));
    return graph.node(
        "DepthToSpace",
        output != null ? output : "image_" + graph.size(),
        List.of(all),
        new Attribute.Int("blocksize", side),
        new Attribute.Text("mode", "DCR"));
  }

  private static float tap(Tensor.Floats weight, int input, int output, int row, int column) {
    if (row < 0 || row >= KERNEL || column < 0 || column >= KERNEL) {
      return 0;
    }
    return weight.values()[((input * weight.dim(1) + output) * KERNEL + row) * KERNEL + column];
  }
}
