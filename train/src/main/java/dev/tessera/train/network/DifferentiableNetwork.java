package dev.tessera.train.network;

import dev.tessera.model.Architecture;
import dev.tessera.model.Layer;
import dev.tessera.model.Network;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** One network of a model as a chain of layers, forward and backward. */
final class DifferentiableNetwork {
  private final List<DifferentiableLayer> layers = new ArrayList<>();

  /**
   * @param phases whether the layer next to the tile works on its phases; see {@link
   *     PhaseConvolutionLayer}
   */
  DifferentiableNetwork(Architecture architecture, Network network, boolean phases) {
    List<Layer> plain = architecture.layers(network);
    for (int i = 0; i < plain.size(); i++) {
      boolean fromTile = network == Network.G_A && i == 0;
      boolean toTile = network == Network.G_S && i == plain.size() - 1;
      layers.add(
          switch (plain.get(i)) {
            case Layer.Conv conv when phases && fromTile ->
                new PhaseConvolutionLayer(conv.name(), false);
            case Layer.ConvTranspose conv when phases && toTile ->
                new PhaseConvolutionLayer(conv.name(), true);
            case Layer layer -> DifferentiableLayer.of(layer);
          });
    }
  }

  /**
   * Runs the network.
   *
   * @param input {@code B×C×H×W} in the weights' type, best in channels-last order; kept unchanged
   * @param tape takes what {@link #backward} needs
   * @return the last layer's output, in the caller's {@code PointerScope}
   */
  Tensor forward(Tensor input, NetworkWeights weights, Tape tape) {
    Tensor output;
    try (PointerScope scope = new PointerScope()) {
      Tensor value = input;
      for (DifferentiableLayer layer : layers) {
        value = layer.forward(value, weights, tape);
      }
      output = Tensors.kept(value);
    }
    return Tensors.handedOver(output);
  }

  /**
   * Runs the adjoint, and writes the gradients of all weights.
   *
   * @param slope gradient of the output
   * @param wanted whether the gradient of the input is needed
   * @return the gradient of the input, in the caller's {@code PointerScope}; undefined if it is not
   *     wanted
   */
  Tensor backward(Tensor slope, NetworkWeights weights, Tape tape, boolean wanted) {
    Tensor inputSlope;
    try (PointerScope scope = new PointerScope()) {
      Tensor value = slope;
      for (int i = layers.size() - 1; i >= 0; i--) {
        value = layers.get(i).backward(value, weights, tape, wanted || i > 0);
      }
      inputSlope = Tensors.kept(value);
    }
    return Tensors.handedOver(inputSlope);
  }
}
