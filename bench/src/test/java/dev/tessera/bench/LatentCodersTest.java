package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.codec.LatentFormat;
import dev.tessera.cuda.NvComp;
import dev.tessera.cuda.network.CheckModels;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.pipeline.EncoderSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LatentCodersTest {
  private static final Model FACTORIZED = CheckModels.of(Architecture.FACTORIZED, 8, 16, 3, 1);
  private static final Model HYPERPRIOR = CheckModels.of(Architecture.HYPERPRIOR, 8, 16, 3, 1);

  @Test
  void pipelinesAreWrittenWithPlus() {
    LatentFormat format = PipelineLatentCoder.parse("minmax:8+reference-eb=0.8+bitcomp");

    assertThat(format.spec()).hasToString("minmax:8,reference-eb=0.8,none,bitcomp");
    assertThat(format.storesRange()).isTrue();
    assertThat(PipelineLatentCoder.parse("eb=abs:0.5+none+bitpack").storesRange()).isFalse();
    assertThat(PipelineLatentCoder.parse("round+ans").spec().encoder().kind())
        .isEqualTo(EncoderSpec.Kind.ANS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rans:1",
        "rans:192",
        "bitpack",
        "minmax:8+reference-eb=0.8+ans",
        "eb=abs:0.5+bitpack",
        "minmax:8+reference-eb=0.8+bitpack"
      })
  void namesThatAreKnown(String name) {
    LatentCoders.require(name);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "rans:0; there is no codec 'rans:0'",
        "zip; minmax:8+reference-eb=0.8+bitcomp",
        "eb=rel:1e-3+bitcomp; cannot be measured on latents",
        "eb=abs:0.5+lorenzo1+bitpack; cannot be measured on latents",
        "eb=abs:0.5+zstd; cannot be measured on latents",
        "minmax:8+bitcomp; has no quantizer",
        "log10+eb=abs:1+bitcomp; latents take no normalizer"
      })
  void otherNamesAreRefused(String name, String why) {
    assertThatThrownBy(() -> LatentCoders.require(name))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(why);
  }

  @Test
  void whatCannotRunHereSaysWhy() {
    assertThat(LatentCoders.obstacle("rans:64", HYPERPRIOR)).isEmpty();
    assertThat(LatentCoders.obstacle("bitpack", FACTORIZED)).isEmpty();
    assertThat(LatentCoders.obstacle("bitpack", HYPERPRIOR).orElseThrow()).contains("hyperprior");
    assertThat(LatentCoders.obstacle("minmax:8+reference-eb=0.8+bitcomp", FACTORIZED).isEmpty())
        .isEqualTo(NvComp.find().isPresent());
  }

  @Test
  void streamsAreThoseOfFiles() {
    assertThat(RansLatentCoder.layout(192, 8, 8, 64)).isEqualTo(new StreamLayout(192, 8, 8, 64, 8));
    // 1024 positions of a plane at most
    assertThat(RansLatentCoder.layout(192, 64, 64, 500))
        .isEqualTo(new StreamLayout(192, 64, 64, 192, 16));
  }
}
