package dev.tessera.model;

import dev.tessera.model.OnnxGraph.Attribute;
import java.util.List;
import java.util.stream.LongStream;

/** Adds the layers of a network to an ONNX graph, each as the operators that ONNX has for it. */
final class OnnxLayers {
  private final Model model;
  private final OnnxGraph graph;

  OnnxLayers(Model model, OnnxGraph graph) {
    this.model = model;
    this.graph = graph;
  }

  OnnxGraph graph() {
    return graph;
  }

  /**
   * Adds a layer.
   *
   * @param input name of the value that goes in
   * @param output name of the value that comes out, or null to choose one
   * @return that name
   */
  String add(Layer layer, String input, String output) {
    String name = output != null ? output : "layer_" + graph.size();
    return switch (layer) {
      case Layer.Conv conv ->
          graph.node(
              "Conv",
              name,
              List.of(input, weight(conv.name()), bias(conv.name())),
              ints("kernel_shape", conv.kernel(), conv.kernel()),
              ints("strides", conv.stride(), conv.stride()),
              pads(conv.kernel() / 2, conv.kernel() / 2, conv.kernel() / 2, conv.kernel() / 2));
      case Layer.ConvTranspose conv ->
          graph.node(
              "ConvTranspose",
              name,
              List.of(input, weight(conv.name()), bias(conv.name())),
              ints("kernel_shape", conv.kernel(), conv.kernel()),
              ints("strides", conv.stride(), conv.stride()),
              pads(conv.kernel() / 2, conv.kernel() / 2, conv.kernel() / 2, conv.kernel() / 2),
              ints("output_padding", conv.stride() - 1, conv.stride() - 1));
      case Layer.Gdn gdn -> gdn(gdn, input, name);
      case Layer.Relu _ -> graph.node("Relu", name, List.of(input));
      case Layer.LeakyRelu leaky ->
          graph.node("LeakyRelu", name, List.of(input), new Attribute.Real("alpha", leaky.slope()));
      case Layer.Abs _ -> graph.node("Abs", name, List.of(input));
    };
  }

  // The norm is a 1x1 convolution of the squares: matrix products are what every runtime does best
  private String gdn(Layer.Gdn gdn, String input, String name) {
    String gammaName = gdn.name() + ".gamma";
    String betaName = gdn.name() + ".beta";
    int channels = model.floats(betaName).dim(0);
    if (!graph.hasConstant(gammaName)) {
      graph.constant(gammaName, new int[] {channels, channels, 1, 1}, model.gdnGamma(gdn.name()));
      graph.constant(betaName, new int[] {channels}, model.gdnBeta(gdn.name()));
    }
    String square = graph.node("Mul", name + "_square", List.of(input, input));
    String norm =
        graph.node(
            "Conv",
            name + "_norm",
            List.of(square, gammaName, betaName),
            ints("kernel_shape", 1, 1));
    String root = graph.node("Sqrt", name + "_root", List.of(norm));
    return graph.node(gdn.inverse() ? "Mul" : "Div", name, List.of(input, root));
  }

  private String weight(String layer) {
    Tensor.Floats weight = model.floats(layer + ".weight");
    return graph.constant(layer + ".weight", weight.shape(), weight.values());
  }

  private String bias(String layer) {
    Tensor.Floats bias = model.floats(layer + ".bias");
    return graph.constant(layer + ".bias", bias.shape(), bias.values());
  }

  static Attribute ints(String name, long... values) {
    return new Attribute.Ints(name, LongStream.of(values).boxed().toList());
  }

  static Attribute pads(long top, long left, long bottom, long right) {
    return ints("pads", top, left, bottom, right);
  }
}
