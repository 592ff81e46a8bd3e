package dev.tessera.train.network;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.Tensor;
import dev.tessera.model.Tensor.Floats;
import java.util.LinkedHashMap;
import java.util.Map;

/** What of a model is trained, and what is only carried along. */
final class ModelParameters {
  private static final String SCALE_TABLE = "gaussian_conditional.scale_table";

  private ModelParameters() {}

  /**
   * All parameters and quantiles.
   *
   * @throws TesseraException.Invalid if the model is decode-only or keeps no density
   */
  static Map<String, Floats> of(Model model) {
    Map<String, Floats> tensors = new LinkedHashMap<>();
    for (Network network : model.architecture().networks()) {
      for (Layer layer : model.architecture().layers(network)) {
        switch (layer) {
          case Layer.Conv conv -> put(model, conv.name(), tensors, ".weight", ".bias");
          case Layer.ConvTranspose conv -> put(model, conv.name(), tensors, ".weight", ".bias");
          case Layer.Gdn gdn -> putGdn(model, gdn.name(), tensors);
          case Layer.Relu _, Layer.LeakyRelu _, Layer.Abs _ -> {}
        }
      }
    }
    putDensity(model, tensors);
    return tensors;
  }

  private static void put(
      Model model, String layer, Map<String, Floats> tensors, String... endings) {
    for (String ending : endings) {
      tensors.put(layer + ending, model.floats(layer + ending));
    }
  }

  private static void putGdn(Model model, String layer, Map<String, Floats> tensors) {
    put(model, layer, tensors, ".beta", ".gamma");
    // a model may state another reparametrization than CompressAI's: training goes on with the
    // usual
    if (model.tensors().keySet().stream().anyMatch(name -> name.startsWith(layer + ".beta_"))) {
      tensors.put(layer + ".beta", stored(model.floats(layer + ".beta"), model.gdnBeta(layer)));
    }
    if (model.tensors().keySet().stream().anyMatch(name -> name.startsWith(layer + ".gamma_"))) {
      tensors.put(layer + ".gamma", stored(model.floats(layer + ".gamma"), model.gdnGamma(layer)));
    }
  }

  private static Floats stored(Floats like, float[] effective) {
    float[] stored = new float[effective.length];
    for (int i = 0; i < stored.length; i++) {
      stored[i] = Initialization.stored(effective[i]);
    }
    return new Floats(like.shape(), stored);
  }

  private static void putDensity(Model model, Map<String, Floats> tensors) {
    int layers = FactorizedLikelihood.WIDTHS.length;
    int in = 1;
    for (int k = 0; k < layers; k++) {
      int out = FactorizedLikelihood.WIDTHS[k];
      putDensity(model, "matrices", k, out, in, tensors);
      putDensity(model, "biases", k, out, 1, tensors);
      if (k < layers - 1) {
        putDensity(model, "factors", k, out, 1, tensors);
      }
      in = out;
    }
    tensors.put(FactorizedLikelihood.QUANTILES, model.floats(FactorizedLikelihood.QUANTILES));
  }

  private static void putDensity(
      Model model, String list, int layer, int rows, int columns, Map<String, Floats> tensors) {
    String name = FactorizedLikelihood.name(list, layer);
    int[] shape = {model.bottleneckChannels(), rows, columns};
    if (!(model.tensors().get(name) instanceof Floats found)
        || !java.util.Arrays.equals(found.shape(), shape)) {
      throw new TesseraException.Invalid(
          "the model "
              + model.name()
              + " cannot be trained further: its entropy bottleneck is not kept with it, or has"
              + " other filters than CompressAI's 3, 3, 3, 3");
    }
    tensors.put(name, found);
  }

  /** Tensors that training does not change. */
  static Map<String, Tensor> constants(Model model) {
    return model.architecture().hasHyperprior()
        ? constants(model.architecture(), model.floats(SCALE_TABLE))
        : Map.of();
  }

  /**
   * Tensors that training does not change, of a new model.
   *
   * @param scales standard deviations that a hyperprior chooses among
   */
  static Map<String, Tensor> constants(Architecture architecture, Floats scales) {
    return architecture.hasHyperprior() ? Map.of(SCALE_TABLE, scales) : Map.of();
  }
}
