package dev.tessera.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.codec.Codec;
import dev.tessera.container.GoldenPipelines.Golden;
import dev.tessera.field.Field;
import dev.tessera.field.Metrics;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * What pipelines wrote stays readable, bit by bit: nothing in them depends on the machine. The
 * checksums of the restored values were taken when the files were made.
 */
final class GoldenPipelinesTest {
  static final List<String> NAMES = GoldenPipelines.ALL.stream().map(Golden::name).toList();

  private static final double LATENT_RMSE = 5.56142;

  private static long expected(String name) {
    return switch (name) {
      case "pipeline-bitpack" -> 4036090350L;
      case "pipeline-rans" -> 3487150227L;
      case "pipeline-pointwise" -> 3662173995L;
      case "pipeline-normalized" -> 596546587L;
      case "pipeline-integers" -> 2658861271L;
      default -> -1;
    };
  }

  private static Golden named(String name) {
    return GoldenPipelines.ALL.stream().filter(g -> g.name().equals(name)).findFirst().get();
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void decodes(String name) throws IOException {
    Golden golden = named(name);
    ContainerReader container =
        ContainerReader.of(MemorySegment.ofArray(Files.readAllBytes(golden.path())));
    try (Codec codec = golden.open()) {
      codec.check(container);
      Field restored = Field.allocate(container.header().field());
      codec.decompress(container, restored);
      assertThat(restored.info()).isEqualTo(golden.original().info());
      Codec.Verification verification = codec.verify(golden.original(), container);
      Metrics metrics = verification.total();
      assertThat(metrics.specialsChanged()).isZero();
      if (golden.architecture().isPresent()) {
        assertThat(metrics.rmse()).isCloseTo(LATENT_RMSE, within(1e-3));
      } else {
        assertThat(verification.bound().get().held()).isTrue();
        CRC32C crc = new CRC32C();
        crc.update(restored.data().toArray(ValueLayout.JAVA_BYTE));
        assertThat(crc.getValue()).isEqualTo(expected(name));
      }
    }
  }

  /** The same field gives the same file, on every machine. */
  @ParameterizedTest
  @FieldSource("NAMES")
  void isWhatTheCodecMakes(String name) throws IOException {
    Golden golden = named(name);
    if (golden.architecture().isEmpty()) {
      assertThat(golden.make()).isEqualTo(Files.readAllBytes(golden.path()));
    }
  }

  @Test
  void theWriterFollowsTheFormat() throws IOException {
    byte[] file = Files.readAllBytes(GoldenPipelines.BITPACK.path());
    assertThat(ContainerParts.of(file).toBytes()).isEqualTo(file);
  }
}
