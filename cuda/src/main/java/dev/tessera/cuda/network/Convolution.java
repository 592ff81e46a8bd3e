package dev.tessera.cuda.network;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import java.util.ArrayList;
import java.util.List;

/**
 * A convolution or a transposed one, and what happens to each pixel after it (FORMAT.md,
 * "Transforms").
 *
 * @param name the layer's, as in {@code g_a.2}
 * @param kernel taps along a side, 5 or 3
 * @param stride what sides are divided by, or multiplied by if transposed: 2 or 1
 * @param transposed whether sides grow
 * @param outputs channels that come out
 * @param inputs channels that go in
 * @param weight {@code [inputs, outputs, kernel, kernel]} if transposed, else {@code [outputs,
 *     inputs, kernel, kernel]}; the model's own
 * @param bias per output channel; the model's own
 * @param then what follows
 */
record Convolution(
    String name,
    int kernel,
    int stride,
    boolean transposed,
    int outputs,
    int inputs,
    float[] weight,
    float[] bias,
    Pointwise then) {
  /** Taps along a side of all layers of g_a and g_s. */
  static final int TAPS = 5;

  /** What happens to each pixel after a convolution. */
  sealed interface Pointwise {
    /** Nothing. */
    record None() implements Pointwise {}

    /**
     * {@code x} where positive, {@code slope · x} elsewhere.
     *
     * @param slope 0 for the plain rectifier
     */
    record Relu(float slope) implements Pointwise {}

    /**
     * {@code x_i / sqrt(beta_i + Σ_j gamma_ij x_j²)}, or the inverse, which multiplies.
     *
     * @param beta effective, per channel
     * @param gamma effective, {@code [out × in]}
     */
    record Gdn(boolean inverse, float[] beta, float[] gamma) implements Pointwise {}
  }

  /**
   * The convolutions of a network, in order.
   *
   * @throws TesseraException.Invalid if the model does not hold that network
   */
  static List<Convolution> of(Model model, Network network) {
    List<Layer> layers = model.architecture().layers(network);
    List<Convolution> all = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      Layer next = i + 1 < layers.size() ? layers.get(i + 1) : null;
      switch (layers.get(i)) {
        case Layer.Conv(String name, int kernel, int stride) ->
            all.add(of(model, layers.get(i), name, kernel, stride, then(model, next)));
        case Layer.ConvTranspose(String name, int kernel, int stride) ->
            all.add(of(model, layers.get(i), name, kernel, stride, then(model, next)));
        default -> {}
      }
    }
    return all;
  }

  /** Whether a network works on the absolute values of what it is given. */
  static boolean takesAbsolutes(Model model, Network network) {
    return model.architecture().layers(network).getFirst() instanceof Layer.Abs;
  }

  private static Convolution of(
      Model model, Layer layer, String name, int kernel, int stride, Pointwise then) {
    return new Convolution(
        name,
        kernel,
        stride,
        layer instanceof Layer.ConvTranspose,
        model.outputChannels(layer),
        model.inputChannels(layer),
        model.floats(name + ".weight").values(),
        model.floats(name + ".bias").values(),
        then);
  }

  private static Pointwise then(Model model, Layer next) {
    return switch (next) {
      case Layer.Gdn gdn ->
          new Pointwise.Gdn(gdn.inverse(), model.gdnBeta(gdn.name()), model.gdnGamma(gdn.name()));
      case Layer.Relu _ -> new Pointwise.Relu(0);
      case Layer.LeakyRelu leaky -> new Pointwise.Relu(leaky.slope());
      case null, default -> new Pointwise.None();
    };
  }

  /** A weight; zero for channels beyond the layer's, which only pad. */
  float at(int output, int input, int row, int column) {
    if (output >= outputs || input >= inputs) {
      return 0;
    }
    int pair = transposed ? input * outputs + output : output * inputs + input;
    return weight[(pair * kernel + row) * kernel + column];
  }

  /** The same with other weights. */
  Convolution withWeight(float[] other) {
    return new Convolution(name, kernel, stride, transposed, outputs, inputs, other, bias, then);
  }

  /** The largest magnitude among an output channel's weights. */
  float largestWeight(int output) {
    float largest = 0;
    for (int i = 0; i < inputs; i++) {
      for (int tap = 0; tap < kernel * kernel; tap++) {
        largest = Math.max(largest, Math.abs(at(output, i, tap / kernel, tap % kernel)));
      }
    }
    return largest;
  }

  /** The bias of a channel; zero for one that only pads. */
  float biasAt(int output) {
    return output < outputs ? bias[output] : 0;
  }

  /** A side of the output. */
  int outputSide(int inputSide) {
    return transposed ? inputSide * stride : (inputSide - 1) / stride + 1;
  }

  /**
   * Multiplications and additions for a batch.
   *
   * @param pixels of the output, or of the input if transposed
   */
  double operations(long pixels) {
    double convolution = 2.0 * kernel * kernel * inputs * outputs;
    double norm = then instanceof Pointwise.Gdn ? 2.0 * outputs * outputs : 0;
    return pixels * (convolution + norm * (transposed ? stride * stride : 1));
  }

  /** Channels as activations have them: rounded up to a multiple of 16. */
  static int padded(int channels) {
    return (channels + 15) & -16;
  }
}
