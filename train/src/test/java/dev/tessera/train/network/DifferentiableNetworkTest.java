package dev.tessera.train.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.model.Architecture;
import dev.tessera.model.Network;
import dev.tessera.model.Tensor.Floats;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DifferentiableNetworkTest {
  @ParameterizedTest
  @EnumSource(names = {"G_A", "G_S"})
  void theLayerNextToTheTileMayWorkOnPhases(Network network) {
    Map<String, Floats> initial =
        new LinkedHashMap<>(Initialization.random(Architecture.FACTORIZED_RELU, 4, 6, 2, 1));
    initial.keySet().removeIf(name -> !name.startsWith("g_"));
    DifferentiableNetwork plain =
        new DifferentiableNetwork(Architecture.FACTORIZED_RELU, network, false);
    DifferentiableNetwork phases =
        new DifferentiableNetwork(Architecture.FACTORIZED_RELU, network, true);
    try (PointerScope scope = new PointerScope();
        ParameterGroup group =
            new ParameterGroup(initial, TorchDevice.cpu().handle(), ScalarType.Double);
        NetworkWeights weights = new NetworkWeights(group, ScalarType.Double);
        Tape tape = Tape.recording()) {
      Tensor input =
          network == Network.G_A
              ? Gradients.random(2, 0, 1, 2, 2, 32, 48)
              : Gradients.random(2, -3, 3, 2, 6, 2, 3);
      Tensor expected = plain.forward(input, weights, tape);
      Tensor slope = Gradients.random(3, -1, 1, expected.shape());
      Tensor expectedSlope = plain.backward(slope, weights, tape, true);
      Tensor expectedGradient = group.gradient().clone();
      group.gradient().zero_();

      assertThat(phases.forward(input, weights, tape).allclose(expected)).isTrue();
      assertThat(phases.backward(slope, weights, tape, true).allclose(expectedSlope)).isTrue();
      assertThat(group.gradient().allclose(expectedGradient)).isTrue();
    }
  }
}
