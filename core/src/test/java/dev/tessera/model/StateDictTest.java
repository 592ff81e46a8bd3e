package dev.tessera.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StateDictTest {
  private final SortedMap<String, Tensor> weights = TestModels.weights();

  private static final UnaryOperator<String> FIRST_GENERATION =
      name -> name.replaceAll("\\.(matrices|biases|factors)\\.", "._$1.");
  private static final UnaryOperator<String> SECOND_GENERATION =
      name ->
          name.replaceAll("\\.matrices\\.(\\d)", "._matrix$1")
              .replaceAll("\\.biases\\.(\\d)", "._bias$1")
              .replaceAll("\\.factors\\.(\\d)", "._factor$1");

  private void assertSameModel(Map<String, Tensor> tensors) {
    Model expected = TestModels.read(weights);
    Model model = TestModels.read(tensors);
    TestModels.assertSameTensors(model.tensors(), expected.tensors());
    assertThat(model.id()).isEqualTo(expected.id());
  }

  @Test
  void readsAllGenerationsOfNames() {
    SortedMap<String, Tensor> first = TestModels.renamed(weights, FIRST_GENERATION);
    SortedMap<String, Tensor> second = TestModels.renamed(weights, SECOND_GENERATION);
    assertThat(first)
        .containsKeys("entropy_bottleneck._matrices.0", "entropy_bottleneck._factors.3");
    assertThat(second).containsKeys("entropy_bottleneck._matrix0", "entropy_bottleneck._bias4");
    assertSameModel(first);
    assertSameModel(second);
    assertThat(TestModels.read(second).tensors()).containsKey("entropy_bottleneck.matrices.0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"module.", "_orig_mod.", "module._orig_mod."})
  void stripsWrappers(String prefix) {
    assertSameModel(TestModels.renamed(weights, name -> prefix + name));
    assertSameModel(TestModels.renamed(weights, name -> prefix + FIRST_GENERATION.apply(name)));
  }

  @Test
  void refusesOneTensorUnderTwoNames() {
    weights.put("module.g_s.0.bias", weights.get("g_s.0.bias"));
    assertThatThrownBy(() -> TestModels.read(weights))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("'g_s.0.bias' twice");
  }

  @Test
  void leavesConstantBuffersOut() {
    assertThat(TestModels.read(weights).tensors().keySet())
        .noneMatch(name -> name.contains("_reparam") || name.contains("target"))
        .noneMatch(name -> name.contains("likelihood"));
    assertSameModel(TestModels.without(weights, "_reparam"));
    assertSameModel(TestModels.without(weights, "entropy_bottleneck.target"));
  }

  @Test
  void everyWeightMustBeThereInItsShape() {
    for (Map.Entry<String, Tensor> entry : TestModels.read(weights).tensors().entrySet()) {
      String name = entry.getKey();
      if (!StateDict.isNetworkWeight(name)) {
        continue;
      }
      // without its first beta the model is no GDN model, which is refused in other words
      assertThatThrownBy(() -> TestModels.read(TestModels.without(weights, name)))
          .as(name)
          .isInstanceOf(TesseraException.class);
      int[] shape = entry.getValue().shape().clone();
      shape[shape.length - 1]++;
      SortedMap<String, Tensor> reshaped = new TreeMap<>(weights);
      reshaped.put(name, TestModels.zeros(shape));
      assertThatThrownBy(() -> TestModels.read(reshaped))
          .as(name)
          .isInstanceOf(TesseraException.class)
          .hasMessageContaining(name.startsWith("g_s.6.w") ? "shape" : name);
    }
  }

  @Test
  void saysWhichShapeIsWrong() {
    weights.put("g_s.3.gamma", TestModels.zeros(16, 17));
    assertThatThrownBy(() -> TestModels.read(weights))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("'g_s.3.gamma' has shape [16, 17]")
        .hasMessageContaining("[16, 16]");
  }

  @Test
  void analysisAndSynthesisMustAgree() {
    weights.put("g_a.0.weight", TestModels.zeros(16, 1, 5, 5));
    assertThatThrownBy(() -> TestModels.read(weights))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("g_a.0.weight");
  }

  @Test
  void readsOtherChannelCounts() {
    for (int channels : new int[] {1, 5, 16, 17}) {
      weights.put("g_a.0.weight", TestModels.zeros(16, channels, 5, 5));
      weights.put("g_s.6.weight", TestModels.zeros(16, channels, 5, 5));
      weights.put("g_s.6.bias", TestModels.zeros(channels));
      if (channels <= 16) {
        assertThat(TestModels.read(weights).inputChannels()).isEqualTo(channels);
      } else {
        assertThatThrownBy(() -> TestModels.read(weights))
            .isInstanceOf(TesseraException.Unsupported.class)
            .hasMessageContaining("17 channels");
      }
    }
  }

  @Test
  void refusesOtherArchitecturesByWhatTheyHave() {
    SortedMap<String, Tensor> context = new TreeMap<>(TestModels.golden("mbt2018-mean").tensors());
    context.put("context_prediction.weight", TestModels.zeros(48, 24, 5, 5));
    assertUnsupported(context, "context_prediction.weight");

    SortedMap<String, Tensor> residual =
        TestModels.renamed(weights, name -> name.replace("g_s.0.", "g_s.0.conv1."));
    assertUnsupported(residual, "g_s");

    assertUnsupported(TestModels.without(weights, "g_s."), "entropy_bottleneck, g_a");

    SortedMap<String, Tensor> deeper = new TreeMap<>(weights);
    deeper.put("g_s.8.weight", TestModels.zeros(16, 3, 5, 5));
    assertUnsupported(deeper, "g_s.8.weight");

    SortedMap<String, Tensor> three =
        new TreeMap<>(TestModels.golden("bmshj2018-hyperprior").tensors());
    three.put("h_s.4.weight", TestModels.zeros(72, 16, 3, 3));
    assertUnsupported(three, "72 outputs for 24");
  }

  private static void assertUnsupported(Map<String, Tensor> tensors, String found) {
    assertThatThrownBy(() -> TestModels.read(tensors))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining(found);
  }

  @ParameterizedTest
  @CsvSource({"NaN", "Infinity", "-Infinity"})
  void refusesValuesThatAreNotFinite(float value) {
    Tensor.Floats weight = (Tensor.Floats) weights.get("g_a.2.weight");
    weight.values()[1000] = value;
    assertThatThrownBy(() -> TestModels.read(weights))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("g_a.2.weight");
  }

  @Test
  void refusesIntegersForWeightsAndRealTables() {
    SortedMap<String, Tensor> integers = new TreeMap<>(weights);
    integers.put("g_s.0.bias", new Tensor.Ints(new int[] {16}, new int[16]));
    assertThatThrownBy(() -> TestModels.read(integers))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("real numbers");
    weights.put("entropy_bottleneck._offset", TestModels.zeros(24));
    assertThatThrownBy(() -> TestModels.read(weights))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("integers");
  }

  @Test
  void refusesTablesThatContradictThemselves() {
    for (String name : new String[] {"_quantized_cdf", "_cdf_length", "_offset"}) {
      String tensor = "entropy_bottleneck." + name;
      assertThatThrownBy(() -> TestModels.read(TestModels.without(weights, tensor)))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining("update()");
      SortedMap<String, Tensor> wrong = new TreeMap<>(weights);
      wrong.put(tensor, new Tensor.Ints(new int[] {23}, new int[23]));
      assertThatThrownBy(() -> TestModels.read(wrong)).isInstanceOf(TesseraException.Corrupt.class);
    }
    SortedMap<String, Tensor> falling = new TreeMap<>(weights);
    int[] cdf = ((Tensor.Ints) weights.get("entropy_bottleneck._quantized_cdf")).values().clone();
    cdf[1] = 70_000;
    falling.put("entropy_bottleneck._quantized_cdf", new Tensor.Ints(new int[] {24, 113}, cdf));
    assertThatThrownBy(() -> TestModels.read(falling)).isInstanceOf(TesseraException.Corrupt.class);
    SortedMap<String, Tensor> lengths = new TreeMap<>(weights);
    int[] beyond = new int[24];
    Arrays.fill(beyond, 114);
    lengths.put("entropy_bottleneck._cdf_length", new Tensor.Ints(new int[] {24}, beyond));
    assertThatThrownBy(() -> TestModels.read(lengths)).isInstanceOf(TesseraException.Corrupt.class);
  }

  @Test
  void refusesScaleTablesThatDoNotRise() {
    SortedMap<String, Tensor> tensors =
        new TreeMap<>(TestModels.golden("bmshj2018-hyperprior").tensors());
    tensors.put("gaussian_conditional.scale_table", TestModels.zeros(64));
    assertThatThrownBy(() -> TestModels.read(tensors)).isInstanceOf(TesseraException.Corrupt.class);
  }

  @Test
  void refusesAScaleBoundThatSkipsTables() {
    SortedMap<String, Tensor> tensors =
        new TreeMap<>(TestModels.golden("bmshj2018-hyperprior").tensors());
    tensors.put(
        "gaussian_conditional.lower_bound_scale.bound",
        new Tensor.Floats(new int[] {1}, new float[] {0.5f}));
    assertUnsupported(tensors, "0.5");
  }
}
