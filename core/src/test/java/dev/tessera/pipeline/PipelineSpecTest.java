package dev.tessera.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tessera.field.TesseraException;
import dev.tessera.quant.Predictor;
import dev.tessera.transform.NormalizerSpec;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PipelineSpecTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "minmax,eb=rel:1e-3,lorenzo3,bitpack; minmax,eb=rel:1e-3,lorenzo3,bitpack",
        "log10,eb=abs:0.01,lorenzo,rans:4; log10,eb=abs:0.01,lorenzo,rans",
        "eb=pwrel:1e-3; eb=pwrel:1e-3,lorenzo,best",
        "minmax:8,reference-eb=0.8,bitcomp; minmax:8,reference-eb=0.8,lorenzo,bitcomp",
        "reference-eb=0.8,none,ans; minmax:8,reference-eb=0.8,none,ans",
        "round,none,raw; round,none,raw",
        "' EB=1E-4 , RANS:16'; eb=rel:1e-4,lorenzo,rans:16",
        "none,eb=abs:250; eb=abs:250,lorenzo,best",
        "asinh:2.5,minmax:slice,eb=0.000125,zstd; "
            + "asinh:2.5,minmax:slice,eb=rel:1.25e-4,lorenzo,zstd",
        "log1p,meanstd,round; log1p,meanstd,round,lorenzo,best",
        "eb=abs:2.5e7,lorenzo1; eb=abs:2.5e7,lorenzo1,best",
      })
  void textHasOneForm(String text, String canonical) {
    PipelineSpec spec = PipelineSpec.parse(text);
    assertThat(spec).hasToString(canonical);
    assertThat(PipelineSpec.parse(canonical)).isEqualTo(spec);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "minmax,lorenzo3,bitpack; has no quantizer",
        "''; has no quantizer",
        "eb; no number as its bound",
        "eb=; no number as its bound",
        "eb=rel:0x1p3; no number as its bound",
        "eb=rel:nan; no number as its bound",
        "eb=max:1e-3; no number as its bound",
        "eb=rel:0; positive",
        "eb=abs:1e999; positive",
        "eb=rel:2; share between 1e-15 and 1",
        "eb=pwrel:1e-16; share between 1e-15 and 1",
        "eb=rel:1e-3,eb=abs:1; second quantizer",
        "eb=rel:1e-3,bitpack,lorenzo3; after the encoder",
        "eb=rel:1e-3,lorenzo4; neither a predictor nor an encoder",
        "eb=rel:1e-3,bitpack:4; is no encoder",
        "eb=rel:1e-3,rans:0; 1 to 65536 blocks",
        "eb=rel:1e-3,; neither a predictor nor an encoder",
        "log10,eb=pwrel:1e-3; leave out the normalizer",
        "minmax:8,eb=1e-3; belongs to reference-eb",
        "log10,reference-eb=0.8; only minmax:BITS",
        "minmax:30,reference-eb=1; 1 to 24 bits",
        "minmax:16,reference-eb=0.8; more than 16 bits",
        "cube,eb=1e-3; normalizer",
      })
  void refusesOthersWithOneSentence(String text, String part) {
    assertThatExceptionOfType(TesseraException.Invalid.class)
        .isThrownBy(() -> PipelineSpec.parse(text))
        .withMessageContaining(part);
  }

  @Test
  void mapsOfTheWholeFieldAreLeftToTheQuantizer() {
    assertThat(applied("minmax,eb=1e-3")).isEqualTo(NormalizerSpec.NONE);
    assertThat(applied("range:0:5,eb=1e-3")).isEqualTo(NormalizerSpec.NONE);
    assertThat(applied("log10,minmax,eb=1e-3")).isEqualTo(NormalizerSpec.parse("log10"));
    assertThat(applied("minmax:slice,eb=1e-3")).isEqualTo(NormalizerSpec.parse("minmax:slice"));
    assertThat(applied("meanstd,eb=1e-3")).isEqualTo(NormalizerSpec.parse("meanstd:field"));
  }

  private static NormalizerSpec applied(String text) {
    return PipelineSpec.parse(text).appliedNormalizer();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "minmax,eb=rel:1e-3,lorenzo3,bitpack",
        "asinh:3,eb=abs:1e-3,none,rans:7",
        "minmax:9,reference-eb=0.8,lorenzo1,ans",
        "round,lorenzo2,raw"
      })
  void bytesComeBackOrAreRefused(String text) {
    PipelineSpec spec = PipelineSpec.parse(text);
    byte[] bytes = spec.encode();
    assertThat(PipelineSpec.decode(bytes)).isEqualTo(spec);
    Random random = new Random(8);
    for (int round = 0; round < 500; round++) {
      byte[] bad = Arrays.copyOf(bytes, round % 4 == 0 ? random.nextInt(20) : bytes.length);
      for (int i = 0; i < bad.length && i < 2; i++) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      try {
        assertThat(PipelineSpec.decode(bad).isResolved()).isTrue();
      } catch (TesseraException.Corrupt e) {
        assertThat(e).hasMessageContaining("stored");
      }
    }
  }

  @Test
  void openPipelinesAreNotStored() {
    assertThatExceptionOfType(TesseraException.Invalid.class)
        .isThrownBy(() -> PipelineSpec.parse("eb=1e-3").encode());
    PipelineSpec chosen =
        PipelineSpec.parse("eb=1e-3").with(Predictor.LORENZO2).with(EncoderSpec.BITPACK);
    assertThat(chosen.isResolved()).isTrue();
    assertThat(chosen).hasToString("eb=rel:1e-3,lorenzo2,bitpack");
  }
}
