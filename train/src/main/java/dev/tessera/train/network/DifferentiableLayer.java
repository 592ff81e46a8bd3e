package dev.tessera.train.network;

import dev.tessera.model.Layer;
import org.bytedeco.pytorch.Tensor;

/**
 * A layer that computes its own adjoint. libtorch's automatic differentiation would give the same
 * gradients; written out, a backward pass needs half as many passes over the activations, writes
 * gradients where the optimizer reads them, and keeps only what it uses.
 */
sealed interface DifferentiableLayer
    permits ConvolutionLayer, PhaseConvolutionLayer, GdnLayer, ActivationLayer {
  /**
   * @param input {@code B×C×H×W}; may be overwritten if the layer says so
   * @param tape takes what {@link #backward} needs
   */
  Tensor forward(Tensor input, NetworkWeights weights, Tape tape);

  /**
   * Writes the gradients of the layer's own weights.
   *
   * @param slope gradient of the output
   * @param wanted whether the caller needs what this returns
   * @return the gradient of the input; undefined if it is not wanted
   */
  Tensor backward(Tensor slope, NetworkWeights weights, Tape tape, boolean wanted);

  /** The twin of a layer of a model. */
  static DifferentiableLayer of(Layer layer) {
    return switch (layer) {
      case Layer.Conv conv ->
          new ConvolutionLayer(conv.name(), conv.kernel(), conv.stride(), false);
      case Layer.ConvTranspose conv ->
          new ConvolutionLayer(conv.name(), conv.kernel(), conv.stride(), true);
      case Layer.Gdn gdn -> new GdnLayer(gdn.name(), gdn.inverse());
      case Layer.Relu _ -> new ActivationLayer(ActivationLayer.Kind.RELU, 0);
      case Layer.LeakyRelu leaky ->
          new ActivationLayer(ActivationLayer.Kind.LEAKY_RELU, leaky.slope());
      case Layer.Abs _ -> new ActivationLayer(ActivationLayer.Kind.ABS, 0);
    };
  }
}
