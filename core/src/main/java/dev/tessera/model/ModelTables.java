package dev.tessera.model;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.FactorizedDensity;
import dev.tessera.entropy.GaussianTables;
import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;

/**
 * The integer tables of a model: taken as they are stored, or built once where a checkpoint was
 * saved before they were (CompressAI's {@code update()} builds them after training).
 */
final class ModelTables {
  private static final double MAX_BUILT_VALUES = 1 << 22;

  private ModelTables() {}

  /**
   * Checks the tables among canonical tensors, and adds those that are missing.
   *
   * @throws TesseraException.Corrupt if there is neither a table nor what it is built from, or one
   *     of them is malformed
   */
  static void complete(Dimensions dimensions, SortedMap<String, Tensor> tensors) {
    int channels = dimensions.bottleneckChannels();
    requireShape(tensors, StateDict.QUANTILES, channels, 1, 3);
    if (isStored(tensors, StateDict.BOTTLENECK)) {
      requireRows(tensors, StateDict.BOTTLENECK, channels);
    } else {
      put(tensors, StateDict.BOTTLENECK, density(tensors, channels).tables());
    }
    if (dimensions.architecture().hasHyperprior()) {
      completeConditional(tensors);
    }
  }

  private static void completeConditional(SortedMap<String, Tensor> tensors) {
    float[] scales = GaussianTables.standardScales();
    if (tensors.get(StateDict.SCALE_TABLE) instanceof Tensor.Floats stored) {
      requireShape(tensors, StateDict.SCALE_TABLE, stored.size());
      scales = stored.values();
    }
    // refuses scales that do not rise
    GaussianTables gaussian = new GaussianTables(scales, scales[0]);
    tensors.put(StateDict.SCALE_TABLE, new Tensor.Floats(new int[] {scales.length}, scales));
    if (isStored(tensors, StateDict.CONDITIONAL)) {
      requireRows(tensors, StateDict.CONDITIONAL, scales.length);
    } else {
      put(tensors, StateDict.CONDITIONAL, gaussian.tables());
    }
  }

  private static boolean isStored(SortedMap<String, Tensor> tensors, String module) {
    boolean cdf = tensors.containsKey(module + StateDict.QUANTIZED_CDF);
    boolean length = tensors.containsKey(module + StateDict.CDF_LENGTH);
    boolean offset = tensors.containsKey(module + StateDict.OFFSET);
    if (cdf != length || cdf != offset) {
      throw new TesseraException.Corrupt(
          "the model has only some of "
              + module
              + "'s _quantized_cdf, _cdf_length and _offset: call update() and save it again",
          -1);
    }
    return cdf;
  }

  private static void requireRows(SortedMap<String, Tensor> tensors, String module, int rows) {
    int[] shape = tensors.get(module + StateDict.QUANTIZED_CDF).shape();
    requireShape(tensors, module + StateDict.QUANTIZED_CDF, rows, shape.length == 2 ? shape[1] : 0);
    requireShape(tensors, module + StateDict.CDF_LENGTH, rows);
    requireShape(tensors, module + StateDict.OFFSET, rows);
  }

  private static void requireShape(SortedMap<String, Tensor> tensors, String name, int... shape) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new TesseraException.Corrupt("the model lacks the tensor '" + name + "'", -1);
    }
    if (!Arrays.equals(tensor.shape(), shape)) {
      throw new TesseraException.Corrupt(
          "the tensor '%s' has shape %s instead of %s"
              .formatted(name, Arrays.toString(tensor.shape()), Arrays.toString(shape)),
          -1);
    }
  }

  /** Tables much larger than any model's would only come from damaged quantiles. */
  private static void requireSmall(float[] quantiles) {
    double values = 0;
    for (int i = 0; i < quantiles.length; i += 3) {
      values += Math.max(0, (double) quantiles[i + 2] - quantiles[i]);
    }
    if (values > MAX_BUILT_VALUES) {
      throw new TesseraException.Corrupt(
          "the tensor '%s' spans %.0f values, more than tables can hold"
              .formatted(StateDict.QUANTILES, values),
          -1);
    }
  }

  /** The density of the bottleneck, from {@code matrices}, {@code biases} and {@code factors}. */
  private static FactorizedDensity density(SortedMap<String, Tensor> tensors, int channels) {
    List<float[]> matrices = new ArrayList<>();
    List<float[]> biases = new ArrayList<>();
    List<float[]> factors = new ArrayList<>();
    int in = 1;
    for (int i = 0; ; i++) {
      String bias = StateDict.BOTTLENECK + ".biases." + i;
      if (!(tensors.get(bias) instanceof Tensor.Floats found)) {
        break;
      }
      int out = found.shape().length == 3 ? found.dim(1) : 0;
      requireShape(tensors, bias, channels, out, 1);
      requireShape(tensors, StateDict.BOTTLENECK + ".matrices." + i, channels, out, in);
      biases.add(found.values());
      matrices.add(values(tensors, StateDict.BOTTLENECK + ".matrices." + i));
      String factor = StateDict.BOTTLENECK + ".factors." + i;
      if (tensors.containsKey(factor)) {
        requireShape(tensors, factor, channels, out, 1);
        factors.add(values(tensors, factor));
      }
      in = out;
    }
    if (matrices.isEmpty()) {
      throw new TesseraException.Corrupt(
          "the model has neither tables nor the density to build them from:"
              + " call CompressAI's update() and save it again",
          -1);
    }
    requireSmall(values(tensors, StateDict.QUANTILES));
    return new FactorizedDensity(
        matrices.toArray(float[][]::new),
        biases.toArray(float[][]::new),
        factors.toArray(float[][]::new),
        values(tensors, StateDict.QUANTILES));
  }

  private static float[] values(SortedMap<String, Tensor> tensors, String name) {
    return ((Tensor.Floats) tensors.get(name)).values();
  }

  /** The tables among tensors that {@link #complete} has passed. */
  static CdfTables stored(SortedMap<String, Tensor> tensors, String module) {
    Tensor.Ints cdf = (Tensor.Ints) tensors.get(module + StateDict.QUANTIZED_CDF);
    return CdfTables.ofPadded(
        cdf.values(),
        cdf.dim(1),
        ((Tensor.Ints) tensors.get(module + StateDict.CDF_LENGTH)).values(),
        ((Tensor.Ints) tensors.get(module + StateDict.OFFSET)).values());
  }

  /** The inverse of {@link #stored}: rows padded with zeros to the longest, as CompressAI does. */
  private static void put(SortedMap<String, Tensor> tensors, String module, CdfTables tables) {
    int rows = tables.count();
    int[] lengths = new int[rows];
    int[] offsets = new int[rows];
    int stride = 0;
    for (int t = 0; t < rows; t++) {
      lengths[t] = tables.length(t);
      offsets[t] = tables.offset(t);
      stride = Math.max(stride, lengths[t]);
    }
    int[] cdf = new int[Math.multiplyExact(rows, stride)];
    for (int t = 0; t < rows; t++) {
      System.arraycopy(tables.cdf(t), 0, cdf, t * stride, lengths[t]);
    }
    int[] shape = {rows};
    tensors.put(module + StateDict.QUANTIZED_CDF, new Tensor.Ints(new int[] {rows, stride}, cdf));
    tensors.put(module + StateDict.CDF_LENGTH, new Tensor.Ints(shape, lengths));
    tensors.put(module + StateDict.OFFSET, new Tensor.Ints(shape, offsets));
  }
}
