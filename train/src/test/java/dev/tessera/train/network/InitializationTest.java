package dev.tessera.train.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Tensor;
import dev.tessera.model.Tensor.Floats;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InitializationTest {
  @ParameterizedTest
  @EnumSource
  void aNewModelIsComplete(Architecture architecture) {
    Map<String, Tensor> tensors =
        new LinkedHashMap<>(Initialization.random(architecture, 5, 7, 4, 1));

    Model model = Model.of("new", tensors, Map.of());

    assertThat(model.architecture()).isEqualTo(architecture);
    assertThat(model.n()).isEqualTo(5);
    assertThat(model.m()).isEqualTo(7);
    assertThat(model.inputChannels()).isEqualTo(4);
  }

  @Test
  void convolutionsAreUniformWithinPyTorchsBounds() {
    Map<String, Floats> tensors = Initialization.random(Architecture.FACTORIZED, 20, 30, 3, 1);
    // fan-in 3·25 of a convolution from 3 channels, and of a transposed one to 3
    assertUniform(tensors.get("g_a.0.weight").values(), 1 / Math.sqrt(75));
    assertUniform(tensors.get("g_s.6.weight").values(), 1 / Math.sqrt(75));
    assertUniform(tensors.get("g_a.2.weight").values(), 1 / Math.sqrt(500));
    assertUniform(tensors.get("g_s.0.weight").values(), 1 / Math.sqrt(500));
  }

  private static void assertUniform(float[] values, double bound) {
    double squares = 0;
    double sum = 0;
    for (float value : values) {
      assertThat((double) value).isBetween(-bound, bound);
      squares += value * value;
      sum += value;
    }
    double count = values.length;
    assertThat(squares / count).isCloseTo(bound * bound / 3, within(0.1 * bound * bound / 3));
    assertThat(sum / count).isCloseTo(0, within(0.1 * bound));
  }

  @Test
  void gdnBeginsWithBetaOneAndGammaATenthOnTheDiagonal() {
    Map<String, Tensor> tensors =
        new LinkedHashMap<>(Initialization.random(Architecture.FACTORIZED, 3, 4, 3, 1));
    Model model = Model.of("new", tensors, Map.of());

    for (float beta : model.gdnBeta("g_a.1")) {
      assertThat(beta).isCloseTo(1, within(1e-6f));
    }
    float[] gamma = model.gdnGamma("g_s.5");
    for (int i = 0; i < gamma.length; i++) {
      assertThat(gamma[i]).isCloseTo(i % 4 == 0 ? 0.1f : 0, within(1e-6f));
    }
  }

  @Test
  void seedsAndNamesDecide() {
    Map<String, Floats> one = Initialization.random(Architecture.HYPERPRIOR, 4, 4, 3, 1);
    Map<String, Floats> same = Initialization.random(Architecture.HYPERPRIOR, 4, 4, 3, 1);
    Map<String, Floats> other = Initialization.random(Architecture.HYPERPRIOR, 4, 4, 3, 2);

    assertThat(same.get("h_a.0.weight").values()).isEqualTo(one.get("h_a.0.weight").values());
    assertThat(other.get("h_a.0.weight").values()).isNotEqualTo(one.get("h_a.0.weight").values());
    assertThat(one.get("g_a.2.weight").values()).isNotEqualTo(one.get("g_a.4.weight").values());
  }
}
