package dev.tessera.train.network;

import dev.tessera.model.Architecture;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.Tensor.Floats;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Parameters to begin with, distributed as CompressAI's: convolutions as PyTorch does by default,
 * uniform within {@code ±1/sqrt(fan-in)}; GDN with {@code beta = 1} and {@code gamma = 0.1} on the
 * diagonal; a density ten wide.
 *
 * <p>Every tensor is a function of the seed and its own name, and the same on every device.
 */
final class Initialization {
  private static final double GDN_DIAGONAL = 0.1;
  private static final double DENSITY_SCALE = 10;

  private Initialization() {}

  /** All parameters of a new model. */
  static Map<String, Floats> random(
      Architecture architecture, int n, int m, int inputChannels, long seed) {
    Map<String, int[]> shapes = architecture.weightShapes(n, m, inputChannels);
    Map<String, Floats> tensors = new LinkedHashMap<>();
    for (Network network : architecture.networks()) {
      for (Layer layer : architecture.layers(network)) {
        switch (layer) {
          case Layer.Conv conv -> convolution(conv.name(), shapes, seed, tensors);
          case Layer.ConvTranspose conv -> convolution(conv.name(), shapes, seed, tensors);
          case Layer.Gdn gdn -> gdn(gdn.name(), shapes, tensors);
          case Layer.Relu _, Layer.LeakyRelu _, Layer.Abs _ -> {}
        }
      }
    }
    density(architecture.hasHyperprior() ? n : m, seed, tensors);
    return tensors;
  }

  private static void convolution(
      String layer, Map<String, int[]> shapes, long seed, Map<String, Floats> tensors) {
    int[] shape = shapes.get(layer + ".weight");
    // PyTorch counts the second axis as the inputs, also of a transposed convolution
    double bound = 1 / Math.sqrt((double) shape[1] * shape[2] * shape[3]);
    for (String name : new String[] {layer + ".weight", layer + ".bias"}) {
      tensors.put(name, uniform(name, shapes.get(name), bound, seed));
    }
  }

  private static void gdn(String layer, Map<String, int[]> shapes, Map<String, Floats> tensors) {
    Floats beta = filled(stored(1), shapes.get(layer + ".beta"));
    Floats gamma = filled(stored(0), shapes.get(layer + ".gamma"));
    int width = beta.size();
    for (int i = 0; i < width; i++) {
      gamma.values()[i * width + i] = stored(GDN_DIAGONAL);
    }
    tensors.put(layer + ".beta", beta);
    tensors.put(layer + ".gamma", gamma);
  }

  /** What CompressAI's reparametrization keeps of a value. */
  static float stored(double effective) {
    return (float) Math.sqrt(Math.max(effective + Model.PEDESTAL, Model.PEDESTAL));
  }

  private static void density(int channels, long seed, Map<String, Floats> tensors) {
    int layers = FactorizedLikelihood.WIDTHS.length;
    double scale = Math.pow(DENSITY_SCALE, 1.0 / layers);
    int in = 1;
    for (int k = 0; k < layers; k++) {
      int out = FactorizedLikelihood.WIDTHS[k];
      float value = (float) Math.log(Math.expm1(1 / scale / out));
      tensors.put(FactorizedLikelihood.name("matrices", k), filled(value, channels, out, in));
      String bias = FactorizedLikelihood.name("biases", k);
      tensors.put(bias, uniform(bias, new int[] {channels, out, 1}, 0.5, seed));
      if (k < layers - 1) {
        tensors.put(FactorizedLikelihood.name("factors", k), filled(0, channels, out, 1));
      }
      in = out;
    }
    Floats quantiles = filled(0, channels, 1, 3);
    for (int c = 0; c < channels; c++) {
      quantiles.values()[3 * c] = (float) -DENSITY_SCALE;
      quantiles.values()[3 * c + 2] = (float) DENSITY_SCALE;
    }
    tensors.put(FactorizedLikelihood.QUANTILES, quantiles);
  }

  private static Floats filled(float value, int... shape) {
    float[] values = new float[size(shape)];
    Arrays.fill(values, value);
    return new Floats(shape, values);
  }

  private static Floats uniform(String name, int[] shape, double bound, long seed) {
    SplittableRandom random = new SplittableRandom(31 * seed + name.hashCode());
    float[] values = new float[size(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-bound, bound);
    }
    return new Floats(shape, values);
  }

  private static int size(int[] shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }
}
