package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Network;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrecisionsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "fp32 | FP32 | FP32 | fp32",
        "FP16 | FP16 | FP16 | fp16",
        "ga=fp8,gs=fp16 | FP8 | FP16 | ga=fp8,gs=fp16",
        "g_s=fp8, g_a=fp8 | FP8 | FP8 | fp8",
        "gs=fp16 | FP32 | FP16 | ga=fp32,gs=fp16",
      })
  void reads(String text, Precision analysis, Precision synthesis, String written) {
    Precisions found = Precisions.parse(text);
    assertThat(found).isEqualTo(new Precisions(analysis, synthesis)).hasToString(written);
    assertThat(Precisions.parse(written)).isEqualTo(found);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "fp64", "fp16,fp8", "ga", "ga=", "ga=fp8,ga=fp8", "hs=fp16", "ga=fp8,"})
  void refuses(String text) {
    assertThatThrownBy(() -> Precisions.parse(text))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("fp32, fp16, fp8");
  }

  @Test
  void theSmallNetworksNeedNoCalibration() {
    Precisions fp8 = Precisions.of(Precision.FP8);
    assertThat(fp8.of(Network.H_A)).isEqualTo(Precision.FP16);
    assertThat(fp8.of(Network.H_S)).isEqualTo(Precision.FP32);
    assertThat(fp8.of(Network.G_S)).isEqualTo(Precision.FP8);
    assertThat(Precisions.parse("gs=fp8").of(Network.H_A)).isEqualTo(Precision.FP32);
  }
}
