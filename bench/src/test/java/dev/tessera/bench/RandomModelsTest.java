package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Calibration;
import dev.tessera.model.Model;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RandomModelsTest {
  @Test
  void readsArchitectureAndWidths() {
    Model model = RandomModels.make("mbt2018-mean,16,24,2", false);

    assertThat(model.architecture()).isEqualTo(Architecture.MEAN_HYPERPRIOR);
    assertThat(model.n()).isEqualTo(16);
    assertThat(model.m()).isEqualTo(24);
    assertThat(model.inputChannels()).isEqualTo(2);
    assertThat(model.name()).isEqualTo("random mbt2018-mean");
    assertThat(RandomModels.make("bmshj2018-factorized,8,8", false).inputChannels()).isEqualTo(3);
    assertThat(Calibration.of(model).ranges()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bmshj2018-factorized",
        "bmshj2018-factorized,128",
        "bmshj2018-factorized,12,16",
        "bmshj2018-factorized,16,16,17"
      })
  void refusesOtherTexts(String text) {
    assertThatThrownBy(() -> RandomModels.make(text, false))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(text);
  }

  @Test
  void refusesUnknownArchitectures() {
    assertThatThrownBy(() -> RandomModels.make("vae,16,16", false))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("'vae'");
  }
}
