package dev.tessera.train.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Tensor.Floats;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The adjoint of every layer against finite differences in float64. */
class LayerGradientTest {
  private static final int IN = 3;
  private static final int OUT = 2;

  static Stream<Layer> layers() {
    return Stream.of(
        new Layer.Conv("l", 5, 2),
        new Layer.Conv("l", 3, 1),
        new Layer.ConvTranspose("l", 5, 2),
        new Layer.Gdn("l", false),
        new Layer.Gdn("l", true),
        new Layer.Relu(),
        new Layer.LeakyRelu(0.01f),
        new Layer.Abs());
  }

  private static Map<String, Floats> parameters(Layer layer) {
    Map<String, Floats> parameters = new LinkedHashMap<>();
    switch (layer) {
      case Layer.Conv conv -> {
        parameters.put(
            "l.weight", Gradients.randomFloats(1, -1, 1, OUT, IN, conv.kernel(), conv.kernel()));
        parameters.put("l.bias", Gradients.randomFloats(2, -1, 1, OUT));
      }
      case Layer.ConvTranspose conv -> {
        parameters.put(
            "l.weight", Gradients.randomFloats(1, -1, 1, IN, OUT, conv.kernel(), conv.kernel()));
        parameters.put("l.bias", Gradients.randomFloats(2, -1, 1, OUT));
      }
      case Layer.Gdn _ -> {
        parameters.put("l.beta", Gradients.randomFloats(1, 0.5, 1.5, IN));
        parameters.put("l.gamma", Gradients.randomFloats(2, 0.1, 0.9, IN, IN));
      }
      case Layer.Relu _, Layer.LeakyRelu _, Layer.Abs _ ->
          parameters.put("unused", Gradients.randomFloats(1, 0, 1, 1));
    }
    return parameters;
  }

  @ParameterizedTest
  @MethodSource("layers")
  void gradientsAreThoseOfFiniteDifferences(Layer layer) {
    DifferentiableLayer twin = DifferentiableLayer.of(layer);
    try (PointerScope scope = new PointerScope();
        ParameterGroup group =
            new ParameterGroup(parameters(layer), TorchDevice.cpu().handle(), ScalarType.Double);
        NetworkWeights weights = new NetworkWeights(group, ScalarType.Double);
        Tape tape = Tape.recording()) {
      Tensor input = Gradients.random(3, -2, 2, 2, IN, 4, 6);
      weights.refresh();
      Tensor output = twin.forward(input, weights, tape);
      Tensor slope = Gradients.random(4, -1, 1, output.shape());

      Tensor inputSlope = twin.backward(slope, weights, tape, true);
      weights.finishGradients();

      try (Tape off = Tape.off()) {
        Gradients.assertGradient(
            "input",
            input,
            inputSlope,
            () -> {
              try (PointerScope inner = new PointerScope()) {
                return Gradients.weighted(twin.forward(input, weights, off), slope);
              }
            });
        Gradients.assertGradient(
            "parameters",
            group.values(),
            group.gradient(),
            () -> {
              try (PointerScope inner = new PointerScope()) {
                weights.refresh();
                return Gradients.weighted(twin.forward(input, weights, off), slope);
              }
            });
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void phasesGiveWhatThePlainConvolutionGives(boolean transposed) {
    Layer layer = transposed ? new Layer.ConvTranspose("l", 5, 2) : new Layer.Conv("l", 5, 2);
    DifferentiableLayer plain = new ConvolutionLayer("l", 5, 2, transposed);
    DifferentiableLayer phases = new PhaseConvolutionLayer("l", transposed);
    try (PointerScope scope = new PointerScope();
        ParameterGroup group =
            new ParameterGroup(parameters(layer), TorchDevice.cpu().handle(), ScalarType.Double);
        NetworkWeights weights = new NetworkWeights(group, ScalarType.Double);
        Tape tape = Tape.recording()) {
      Tensor input = Gradients.random(3, -2, 2, 2, IN, 4, 6);
      weights.refresh();
      Tensor expected = plain.forward(input, weights, tape);
      Tensor slope = Gradients.random(4, -1, 1, expected.shape());
      Tensor expectedSlope = plain.backward(slope, weights, tape, true);
      Tensor expectedGradient = group.gradient().clone();
      group.gradient().zero_();

      Tensor output = phases.forward(input, weights, tape);
      Tensor inputSlope = phases.backward(slope, weights, tape, true);

      assertThat(output.allclose(expected)).isTrue();
      assertThat(inputSlope.allclose(expectedSlope)).isTrue();
      assertThat(group.gradient().allclose(expectedGradient)).isTrue();
    }
  }

  @Test
  void sumsOfColumnsAreTheSameAsAProduct() {
    try (PointerScope scope = new PointerScope();
        ParameterGroup group =
            new ParameterGroup(
                parameters(new Layer.Relu()), TorchDevice.cpu().handle(), ScalarType.Double);
        NetworkWeights weights = new NetworkWeights(group, ScalarType.Double)) {
      for (long rows : new long[] {5, 3, 9}) {
        Tensor matrix = Gradients.random(rows, -1, 1, rows, 4);

        assertThat(weights.sumsByProduct(matrix).allclose(matrix.sum(0))).isTrue();
      }
    }
  }

  @Test
  void gdnParametersBelowTheirBoundCountAsTheBoundAndCanOnlyRise() {
    Layer.Gdn layer = new Layer.Gdn("l", false);
    Map<String, Floats> parameters = parameters(layer);
    parameters.put("l.beta", new Floats(new int[] {IN}, new float[] {-0.5f, 0, 1}));
    parameters.get("l.gamma").values()[4] = -0.25f;
    DifferentiableLayer twin = DifferentiableLayer.of(layer);
    try (PointerScope scope = new PointerScope();
        ParameterGroup group =
            new ParameterGroup(parameters, TorchDevice.cpu().handle(), ScalarType.Double);
        NetworkWeights weights = new NetworkWeights(group, ScalarType.Double)) {
      weights.refresh();
      double leastBeta = Model.BETA_BOUND * (double) Model.BETA_BOUND - Model.PEDESTAL;
      assertThat(Gradients.values(weights.get("l.beta"))[0]).isEqualTo(leastBeta);
      assertThat(Gradients.values(weights.get("l.beta"))[1]).isEqualTo(leastBeta);
      assertThat(Gradients.values(weights.get("l.gamma"))[4]).isZero();

      Tensor input = Gradients.random(3, 1, 2, 1, IN, 2, 2);
      double[] raising = gradient(twin, group, weights, input, 1);
      double[] lowering = gradient(twin, group, weights, input, -1);

      // a larger beta or gamma makes outputs of positive inputs smaller
      assertThat(lowering[0]).isZero();
      assertThat(lowering[1]).isZero();
      assertThat(raising[0]).isNegative();
      assertThat(raising[1]).isNegative();
      assertThat(Arrays.stream(lowering).filter(g -> g > 0).count()).isEqualTo(1 + IN * IN - 1);
      assertThat(Arrays.stream(raising).filter(g -> g > 0).count()).isZero();
      assertThat(Arrays.stream(raising).filter(g -> g < 0).count()).isEqualTo(IN + IN * IN);
    }
  }

  /** Gradients of the stored parameters where descent makes all outputs larger or smaller. */
  private static double[] gradient(
      DifferentiableLayer twin,
      ParameterGroup group,
      NetworkWeights weights,
      Tensor input,
      double sign) {
    try (Tape tape = Tape.recording()) {
      Tensor output = twin.forward(input, weights, tape);
      Tensor slope = Gradients.random(5, sign, sign + 1e-9, output.shape());
      twin.backward(slope, weights, tape, true);
      weights.finishGradients();
      return Gradients.values(group.gradient());
    }
  }
}
