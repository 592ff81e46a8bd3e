package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.cuda.network.CheckModels;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class E2eShapeTest {
  private static Model model(Architecture architecture, int channels) {
    return CheckModels.of(architecture, 8, 16, channels, 1);
  }

  @Test
  void readsTilesChannelsRowsAndColumns() {
    assertThat(E2eShape.parse("8x3x1024x512")).isEqualTo(new E2eShape(8, 3, 1024, 512));
    assertThat(E2eShape.parse("8x3x1024x512").bytes()).isEqualTo(4L * 8 * 3 * 1024 * 512);
    assertThat(E2eShape.parse("1x1x64x64")).hasToString("1 tiles of 1x64x64");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "8", "8x3x128", "0x3x128x128", "8x3x128x128x1", "8 x3x128x128", "-8x3x1x1"})
  void refusesOtherTexts(String text) {
    assertThatThrownBy(() -> E2eShape.parse(text))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("512x3x128x128");
  }

  @Test
  void refusesWhatNoArrayHolds() {
    assertThatThrownBy(() -> E2eShape.parse("9000x16x4096x4096"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("fewer tiles");
  }

  @Test
  void takesTheChannelsOfTheModel() {
    assertThat(E2eShape.usual(512).of(model(Architecture.FACTORIZED, 5)))
        .isEqualTo(new E2eShape(512, 5, 128, 128));
    assertThatThrownBy(() -> E2eShape.parse("1x1x64x64").of(model(Architecture.FACTORIZED, 3)))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("takes tiles of 3 channels, not 1")
        .hasMessageContaining("--random-model bmshj2018-factorized,128,192,1");
  }

  @Test
  void sidesSuitTheArchitecture() {
    E2eShape shape = E2eShape.parse("2x3x80x64");

    assertThat(shape.of(model(Architecture.FACTORIZED, 3))).isEqualTo(shape);
    assertThatThrownBy(() -> shape.of(model(Architecture.HYPERPRIOR, 3)))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("multiples of 64, not 80x64");
  }
}
