package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a model's networks as ONNX files (operator set 17, standard operators only, weights
 * inside). Each has one input {@code x} and one output {@code y}, float32 {@code [batch, channels,
 * height, width]}, where all but the channels may vary from run to run. Its metadata name the
 * architecture ({@code arch}), the {@code network}, and how sides change: an output is {@code
 * upsampling} times the input's side divided by {@code downsampling}, rounded up.
 */
public final class OnnxExport {
  /** Metadata key of the architecture's id. */
  public static final String ARCHITECTURE = "arch";

  /** Metadata key of the network's prefix, as in {@code g_a}. */
  public static final String NETWORK = "network";

  /** Metadata key of the divisor of the sides. */
  public static final String DOWNSAMPLING = "downsampling";

  /** Metadata key of the multiplier of the sides. */
  public static final String UPSAMPLING = "upsampling";

  private OnnxExport() {}

  /**
   * A network layer by layer, one operator for each convolution: the form for other programs.
   *
   * @return the bytes of an {@code .onnx} file
   * @throws TesseraException.Invalid if the model does not hold that network
   */
  public static byte[] network(Model model, Network network) {
    require(model, network);
    return layers(model, network, model.architecture().layers(network));
  }

  /**
   * Some layers of a network, one after the other, to look at what passes between layers.
   *
   * @param layers of the network, in order; the first has weights
   * @return the bytes of an {@code .onnx} file
   * @throws TesseraException.Invalid if the model does not hold that network
   */
  public static byte[] layers(Model model, Network network, List<Layer> layers) {
    require(model, network);
    OnnxLayers graph = new OnnxLayers(model, new OnnxGraph(network.prefix()));
    String last = OnnxGraph.INPUT;
    for (int i = 0; i < layers.size(); i++) {
      last = graph.add(layers.get(i), last, i == layers.size() - 1 ? OnnxGraph.OUTPUT : null);
    }
    return file(model, network, layers, graph.graph());
  }

  /**
   * The same function in the form that runs fastest on the CPU: {@link #network}, but transposed
   * convolutions become ordinary ones (see {@link Polyphase}). Results differ from those of the
   * plain form by float32 rounding only.
   *
   * @return the bytes of an {@code .onnx} file
   * @throws TesseraException.Invalid if the model does not hold that network
   */
  public static byte[] tuned(Model model, Network network) {
    require(model, network);
    List<Layer> all = model.architecture().layers(network);
    if (!Polyphase.applies(all)) {
      return network(model, network);
    }
    OnnxGraph graph = new OnnxGraph(network.prefix());
    new Polyphase(model, graph).add(all);
    return file(model, network, all, graph);
  }

  /**
   * Writes every network that the model holds, in the plain form, as {@code g_a.onnx}, {@code
   * h_a.onnx}, {@code h_s.onnx}, {@code g_s.onnx}.
   *
   * @param folder created where it is missing
   * @throws IOException if a file cannot be written
   */
  public static void write(Model model, Path folder) throws IOException {
    Files.createDirectories(folder);
    for (Network network : model.architecture().networks()) {
      if (model.has(network)) {
        Files.write(folder.resolve(network.prefix() + ".onnx"), network(model, network));
      }
    }
  }

  private static void require(Model model, Network network) {
    if (!model.has(network)) {
      throw new TesseraException.Invalid(
          "the model has no "
              + network.prefix()
              + ": "
              + (model.architecture().networks().contains(network)
                  ? "it can only decode, so use the complete model"
                  : model.architecture().id() + " does without"));
    }
  }

  private static byte[] file(Model model, Network network, List<Layer> layers, OnnxGraph graph) {
    int inputChannels = -1;
    int outputChannels = -1;
    int downsampling = 1;
    int upsampling = 1;
    for (Layer layer : layers) {
      int inputAxis;
      String name;
      switch (layer) {
        case Layer.Conv conv -> {
          downsampling *= conv.stride();
          inputAxis = 1;
          name = conv.name();
        }
        case Layer.ConvTranspose conv -> {
          upsampling *= conv.stride();
          inputAxis = 0;
          name = conv.name();
        }
        case Layer.Gdn _, Layer.Relu _, Layer.LeakyRelu _, Layer.Abs _ -> {
          continue;
        }
      }
      Tensor.Floats weight = model.floats(name + ".weight");
      inputChannels = inputChannels < 0 ? weight.dim(inputAxis) : inputChannels;
      outputChannels = weight.dim(1 - inputAxis);
    }
    Map<String, String> metadata = new TreeMap<>();
    metadata.put(ARCHITECTURE, model.architecture().id());
    metadata.put(NETWORK, network.prefix());
    metadata.put(DOWNSAMPLING, Integer.toString(downsampling));
    metadata.put(UPSAMPLING, Integer.toString(upsampling));
    return graph.toModel(
        new OnnxGraph.Value(OnnxGraph.INPUT, List.of("batch", inputChannels, "height", "width")),
        new OnnxGraph.Value(
            OnnxGraph.OUTPUT, List.of("batch", outputChannels, "y_height", "y_width")),
        model.architecture().id() + " " + network.prefix(),
        metadata);
  }
}
