package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A model's tensors under one set of names, whatever program and version wrote them.
 *
 * <p>The canonical names are those of current CompressAI: {@code g_a.0.weight}, {@code g_a.1.beta},
 * {@code entropy_bottleneck.matrices.0}, {@code entropy_bottleneck._quantized_cdf}, {@code
 * gaussian_conditional.scale_table} and so on. The bottleneck's parameters had two other names
 * before ({@code _matrix0}, {@code _matrices.0}), and wrappers put {@code module.} or {@code
 * _orig_mod.} in front. Buffers that never differ between models are left out, those of GDN's
 * reparametrization where they hold CompressAI's values.
 */
final class StateDict {
  static final String BOTTLENECK = "entropy_bottleneck";
  static final String CONDITIONAL = "gaussian_conditional";
  static final String QUANTILES = BOTTLENECK + ".quantiles";
  static final String SCALE_TABLE = CONDITIONAL + ".scale_table";
  static final String QUANTIZED_CDF = "._quantized_cdf";
  static final String OFFSET = "._offset";
  static final String CDF_LENGTH = "._cdf_length";

  /** What follows the name of a beta or gamma in the names of its reparametrization's buffers. */
  static final String REPARAM_PEDESTAL = "_reparam.pedestal";

  static final String REPARAM_BOUND = "_reparam.lower_bound.bound";

  private static final String SCALE_BOUND = CONDITIONAL + ".scale_bound";
  private static final String LOWER_BOUND_SCALE = CONDITIONAL + ".lower_bound_scale.bound";
  private static final String TARGET = BOTTLENECK + ".target";
  private static final String LIKELIHOOD_BOUND = ".likelihood_lower_bound.bound";

  private static final Pattern BOTTLENECK_PARAMETER =
      Pattern.compile(
          BOTTLENECK + "\\._?(matri|bias|factor)(?:x?(\\d{1,2})|(?:ces|es|s)\\.(\\d{1,2}))");
  private static final Pattern DENSITY =
      Pattern.compile("entropy_bottleneck\\.(matrices|biases|factors)\\.\\d+");
  private static final Pattern NETWORK_WEIGHT =
      Pattern.compile("(g_a|h_a|h_s|g_s)\\.\\d+\\.(weight|bias|beta|gamma)");
  private static final Pattern REPARAM =
      Pattern.compile("(g_a|g_s)\\.[135]\\.(beta|gamma)_reparam\\.(pedestal|lower_bound\\.bound)");

  private static final Set<String> CONSTANTS =
      Set.of(TARGET, BOTTLENECK + LIKELIHOOD_BOUND, CONDITIONAL + LIKELIHOOD_BOUND, SCALE_BOUND);

  private static final Set<String> TABLES =
      Set.of(
          BOTTLENECK + QUANTIZED_CDF,
          BOTTLENECK + OFFSET,
          BOTTLENECK + CDF_LENGTH,
          CONDITIONAL + QUANTIZED_CDF,
          CONDITIONAL + OFFSET,
          CONDITIONAL + CDF_LENGTH);

  private StateDict() {}

  /** Canonical tensors and what their shapes say. */
  record Canonical(Dimensions dimensions, SortedMap<String, Tensor> tensors) {}

  /** The canonical name of a tensor of any generation. */
  static String canonicalName(String name) {
    while (name.startsWith("module.") || name.startsWith("_orig_mod.")) {
      name = name.substring(name.indexOf('.') + 1);
    }
    Matcher parameter = BOTTLENECK_PARAMETER.matcher(name);
    if (!parameter.matches()) {
      return name;
    }
    String list =
        switch (parameter.group(1)) {
          case "matri" -> "matrices";
          case "bias" -> "biases";
          default -> "factors";
        };
    String number = parameter.group(2) != null ? parameter.group(2) : parameter.group(3);
    return BOTTLENECK + "." + list + "." + Integer.parseInt(number);
  }

  /**
   * Architecture and widths by the tensors' names and shapes alone.
   *
   * @throws TesseraException.Unsupported if they belong to no architecture that Tessera knows
   * @throws TesseraException.Corrupt if a tensor is missing or has another shape
   */
  static Dimensions dimensions(Map<String, StoredTensor> stored) {
    SortedMap<String, StoredTensor> renamed = renamed(stored);
    SortedMap<String, int[]> shapes = new TreeMap<>();
    renamed.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    Dimensions dimensions = Dimensions.infer(shapes);
    Map<String, int[]> expected = dimensions.requiredShapes(shapes);
    for (Map.Entry<String, int[]> entry : shapes.entrySet()) {
      if (!expected.containsKey(entry.getKey()) && !isKnown(entry.getKey(), dimensions)) {
        throw new TesseraException.Unsupported(
            "the model looks like "
                + dimensions.architecture().id()
                + " but also has the tensor '"
                + entry.getKey()
                + "', so it is another architecture, which is not supported");
      }
    }
    return dimensions;
  }

  private static boolean isKnown(String name, Dimensions dimensions) {
    return !name.startsWith(CONDITIONAL)
        ? CONSTANTS.contains(name)
            || TABLES.contains(name)
            || name.equals(QUANTILES)
            || DENSITY.matcher(name).matches()
            || REPARAM.matcher(name).matches() && dimensions.hasGdn()
        : dimensions.architecture().hasHyperprior()
            && (CONSTANTS.contains(name)
                || TABLES.contains(name)
                || name.equals(SCALE_TABLE)
                || name.equals(LOWER_BOUND_SCALE));
  }

  /**
   * Reads what {@link #dimensions} has accepted, and completes it with tables where none are
   * stored.
   *
   * @throws TesseraException.Corrupt if values are missing, of the wrong kind, or not finite
   */
  static Canonical canonical(Map<String, StoredTensor> stored) throws IOException {
    Dimensions dimensions = dimensions(stored);
    SortedMap<String, Tensor> tensors = new TreeMap<>();
    for (Map.Entry<String, StoredTensor> entry : renamed(stored).entrySet()) {
      String name = entry.getKey();
      if (CONSTANTS.contains(name) || TensorShape.size(entry.getValue().shape()) == 0) {
        continue;
      }
      Tensor tensor = entry.getValue().read();
      requireKind(name, tensor);
      if (!isDefaultReparametrization(name, tensor)) {
        tensors.put(name, tensor);
      }
    }
    ModelTables.complete(dimensions, tensors);
    requireUsualScaleBound(tensors);
    tensors.remove(LOWER_BOUND_SCALE);
    return new Canonical(dimensions, tensors);
  }

  private static SortedMap<String, StoredTensor> renamed(Map<String, StoredTensor> stored) {
    SortedMap<String, StoredTensor> renamed = new TreeMap<>();
    stored.forEach((name, tensor) -> {
      String canonical = canonicalName(name);
      if (renamed.put(canonical, tensor) != null) {
        throw new TesseraException.Corrupt(
            "the model holds the tensor '" + canonical + "' twice under different names", -1);
      }
    });
    return renamed;
  }

  private static void requireKind(String name, Tensor tensor) {
    if (TABLES.contains(name) != tensor instanceof Tensor.Ints) {
      throw new TesseraException.Corrupt(
          "the tensor '"
              + name
              + "' must hold "
              + (TABLES.contains(name) ? "integers" : "real numbers"),
          -1);
    }
    if (tensor instanceof Tensor.Floats floats) {
      if (REPARAM.matcher(name).matches() && floats.values().length != 1) {
        throw new TesseraException.Corrupt("the tensor '" + name + "' must hold one value", -1);
      }
      for (float value : floats.values()) {
        if (!Float.isFinite(value)) {
          throw new TesseraException.Corrupt(
              "the tensor '" + name + "' holds " + value + ": the model's training has failed", -1);
        }
      }
    }
  }

  private static boolean isDefaultReparametrization(String name, Tensor tensor) {
    return REPARAM.matcher(name).matches()
        && ((Tensor.Floats) tensor).values()[0] == defaultReparametrization(name);
  }

  private static float defaultReparametrization(String name) {
    if (name.endsWith(REPARAM_PEDESTAL)) {
      return Model.PEDESTAL;
    }
    return name.contains(".beta_") ? Model.BETA_BOUND : Model.GAMMA_BOUND;
  }

  /** A bound above the smallest scale would change which table a scale chooses. */
  private static void requireUsualScaleBound(SortedMap<String, Tensor> tensors) {
    if (tensors.get(LOWER_BOUND_SCALE) instanceof Tensor.Floats bound
        && tensors.get(SCALE_TABLE) instanceof Tensor.Floats scales
        && bound.values()[0] > scales.values()[0]) {
      throw new TesseraException.Unsupported(
          "the model bounds its scales at "
              + bound.values()[0]
              + ", above its smallest scale "
              + scales.values()[0]
              + ", which is not supported");
    }
  }

  /** Whether a canonical name is a weight of a network, which may be kept as float16. */
  static boolean isNetworkWeight(String name) {
    return NETWORK_WEIGHT.matcher(name).matches();
  }

  /** The subset that decoding needs. */
  static SortedMap<String, Tensor> decodingTensors(SortedMap<String, Tensor> tensors) {
    return filtered(
        tensors,
        name ->
            name.startsWith(Network.G_S.prefix() + ".")
                || name.startsWith(Network.H_S.prefix() + ".")
                || name.equals(QUANTILES)
                || name.equals(SCALE_TABLE)
                || TABLES.contains(name));
  }

  private static SortedMap<String, Tensor> filtered(
      SortedMap<String, Tensor> tensors, Predicate<String> keep) {
    SortedMap<String, Tensor> kept = new TreeMap<>(tensors);
    kept.keySet().removeIf(keep.negate());
    return kept;
  }

  /** The same tensors with network weights rounded to the nearest float16, ties to even. */
  static SortedMap<String, Tensor> roundedToHalf(SortedMap<String, Tensor> tensors) {
    SortedMap<String, Tensor> rounded = new TreeMap<>(tensors);
    rounded.replaceAll((name, tensor) ->
        isNetworkWeight(name) && tensor instanceof Tensor.Floats floats
            ? roundedToHalf(name, floats)
            : tensor);
    return rounded;
  }

  private static Tensor.Floats roundedToHalf(String name, Tensor.Floats tensor) {
    float[] values = tensor.values().clone();
    for (int i = 0; i < values.length; i++) {
      float half = Float.float16ToFloat(Float.floatToFloat16(values[i]));
      if (Float.isInfinite(half)) {
        throw new TesseraException.Unsupported(
            "the tensor '"
                + name
                + "' holds "
                + values[i]
                + ", beyond float16: keep this model in float32");
      }
      values[i] = half;
    }
    return new Tensor.Floats(tensor.shape(), values);
  }

  /** Whether rounding to float16 would change no network weight. */
  static boolean fitsHalf(SortedMap<String, Tensor> tensors) {
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      if (isNetworkWeight(entry.getKey()) && entry.getValue() instanceof Tensor.Floats floats) {
        for (float value : floats.values()) {
          if (Float.float16ToFloat(Float.floatToFloat16(value)) != value) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /**
   * The buffers that CompressAI's {@code load_state_dict} asks for besides the canonical tensors.
   */
  static Map<String, Tensor> constantBuffers(
      Dimensions dimensions, SortedMap<String, Tensor> tensors) {
    Map<String, Tensor> buffers = new LinkedHashMap<>();
    double tailMass = 1e-9;
    float target = (float) Math.log(2 / tailMass - 1);
    buffers.put(TARGET, new Tensor.Floats(new int[] {3}, new float[] {-target, 0, target}));
    buffers.put(BOTTLENECK + LIKELIHOOD_BOUND, single((float) tailMass));
    if (dimensions.architecture().hasHyperprior()) {
      float smallestScale = ((Tensor.Floats) tensors.get(SCALE_TABLE)).values()[0];
      buffers.put(CONDITIONAL + LIKELIHOOD_BOUND, single((float) tailMass));
      buffers.put(SCALE_BOUND, single(smallestScale));
      buffers.put(LOWER_BOUND_SCALE, single(smallestScale));
    }
    for (String name : tensors.keySet()) {
      if (name.endsWith(".beta") || name.endsWith(".gamma")) {
        for (String suffix : new String[] {REPARAM_PEDESTAL, REPARAM_BOUND}) {
          buffers.put(name + suffix, single(defaultReparametrization(name + suffix)));
        }
      }
    }
    buffers.keySet().removeAll(tensors.keySet());
    return buffers;
  }

  private static Tensor.Floats single(float value) {
    return new Tensor.Floats(new int[] {1}, new float[] {value});
  }

  /** The modules that names begin with, for messages. */
  static String modules(Set<String> names) {
    return names.stream()
        .map(name -> name.substring(0, name.indexOf('.') < 0 ? name.length() : name.indexOf('.')))
        .collect(Collectors.toCollection(TreeSet::new))
        .stream()
        .limit(12)
        .collect(Collectors.joining(", "));
  }
}
