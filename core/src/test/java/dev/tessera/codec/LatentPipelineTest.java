package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import dev.tessera.pipeline.PipelineSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pipelines behind g_a. */
final class LatentPipelineTest {
  private static final CodecOptions MINMAX = CodecOptions.DEFAULTS.withNormalizer("minmax:slice");

  private static byte[] compress(Codec codec, Field field) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    codec.compress(field, out);
    return out.toByteArray();
  }

  private static ContainerReader open(byte[] container) {
    return ContainerReader.of(MemorySegment.ofArray(container));
  }

  private static double rmse(Codec codec, Field field, byte[] container) throws IOException {
    return codec.verify(field, open(container)).total().rmse();
  }

  /** The finer the latent, the nearer the field to what g_s makes of the latent itself. */
  @ParameterizedTest
  @CsvSource({
    "bmshj2018-factorized, 'eb=abs:1,none,bitpack', 'eb=abs:1e-3,none,rans'",
    "bmshj2018-factorized, 'minmax:8,reference-eb=8', 'minmax:12,reference-eb=0.8,lorenzo1,zstd'",
    "mbt2018-mean, 'eb=rel:0.1', 'eb=rel:1e-4,none,raw'"
  })
  void aFinerQuantizerIsNearer(String architecture, String coarse, String fine) throws IOException {
    Model model = TestFields.model(architecture);
    Field field = TestFields.smooth(DataType.FLOAT32, 1, 4, 70, 90);
    double[] errors = new double[2];
    for (int i = 0; i < 2; i++) {
      PipelineSpec spec = PipelineSpec.parse(i == 0 ? coarse : fine);
      try (Codec codec = Codec.open(model, spec, MINMAX)) {
        byte[] container = compress(codec, field);
        errors[i] = rmse(codec, field, container);
        assertThat(codec.tileFormat(open(container)).streams()).isEqualTo(1);
        assertThat(codec.verify(field, open(container)).bound()).isEmpty();
        try (Codec byHeader =
            Codec.open(open(container).header(), Optional.of(model), CodecOptions.DEFAULTS)) {
          assertThat(rmse(byHeader, field, container)).isEqualTo(errors[i]);
        }
      }
    }
    assertThat(errors[1]).isLessThan(errors[0]);
  }

  /**
   * Rounding is what the model's own coder does to the latent of a factorized model, medians apart.
   */
  @Test
  void roundingIsNearTheModelsOwnQuantizer() throws IOException {
    Model model = TestFields.model("bmshj2018-factorized");
    Field field = TestFields.smooth(DataType.FLOAT32, 2, 3, 64, 64);
    try (Codec own = Codec.open(model, MINMAX);
        Codec rounding = Codec.open(model, PipelineSpec.parse("round"), MINMAX)) {
      double expected = rmse(own, field, compress(own, field));
      assertThat(rmse(rounding, field, compress(rounding, field)))
          .isBetween(0.8 * expected, 1.2 * expected);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"eb=pwrel:1e-2", "log10,eb=abs:1", "minmax:slice,eb=abs:1"})
  void whatNoLatentCanHaveIsRefused(String pipeline) {
    Model model = TestFields.model("bmshj2018-factorized");
    assertThatThrownBy(() -> Codec.open(model, PipelineSpec.parse(pipeline), MINMAX).close())
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("latents");
  }

  @Test
  void nvcompIsRefusedWithoutItsLibrary() {
    Model model = TestFields.model("bmshj2018-factorized");
    PipelineSpec spec = PipelineSpec.parse("minmax:8,reference-eb=0.8,bitcomp");
    assertThatThrownBy(() -> Codec.open(model, spec, MINMAX).close())
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("needs a CUDA device");
  }

  @Test
  void damageIsNoticedOrHarmless() throws IOException {
    Model model = TestFields.model("bmshj2018-factorized");
    Field field = TestFields.smooth(DataType.FLOAT32, 3, 2, 40, 50);
    PipelineSpec spec = PipelineSpec.parse("minmax:8,reference-eb=0.8,none,bitpack");
    try (Codec codec = Codec.open(model, spec, MINMAX)) {
      byte[] good = compress(codec, field);
      Random random = new Random(4);
      for (int at = 0; at < good.length; at += 1 + at / 40) {
        byte[] bad = good.clone();
        bad[at] ^= (byte) (1 << random.nextInt(8));
        assertThatThrownBy(() -> rmse(codec, field, bad))
            .as("byte %d", at)
            .isInstanceOf(TesseraException.class);
      }
    }
  }
}
