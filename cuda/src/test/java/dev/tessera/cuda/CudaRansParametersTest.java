package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The structs as the kernels declare them are the ones that the host fills in by offsets. */
class CudaRansParametersTest {
  private static final byte[] ELF = {0x7F, 'E', 'L', 'F'};

  private static final String ENCODING =
      """
      symbols 0 medians 8 indexes 16 tables 24 rows 32 order 40 flags 48 powers 56 slots 64
      slotWords 72 lengths 80 checks 88 checkBase 96 errors 104 layout 112
      """;
  private static final String DECODING =
      """
      packed 0 packedBytes 8 offsets 16 lengths 24 mostWords 32 indexes 40 tables 48 likely 56
      borders 64 buckets 72 order 80 flags 88 powers 96 medians 104 symbols 112 checks 120
      checkBase 128 errors 136 layout 144
      """;
  private static final String LAYOUT =
      """
      tiles 0 channels 4 height 8 width 12 streamChannels 16 streamRows 20 groups 24 bands 28
      """;
  private static final String BASELINE =
      """
      symbols 0 decoded 8 cdf 16 lengths 24 offsets 32 words 40 counts 48 slotWords 56 tiles 64
      channels 68 plane 72 streamChannels 76 stride 80
      """;

  private static String kernelFile(String name) {
    try (InputStream file = KernelSource.class.getResourceAsStream("kernels/" + name)) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<String> layout(String struct, int bytes, String membersAndOffsets) {
    String[] parts = membersAndOffsets.strip().split("\\s+");
    return Stream.concat(
        Stream.of("static_assert(sizeof(%s) == %d, \"\");".formatted(struct, bytes)),
        IntStream.range(0, parts.length / 2)
            .mapToObj(i ->
                "static_assert(__builtin_offsetof(%s, %s) == %s, \"\");"
                    .formatted(struct, parts[2 * i], parts[2 * i + 1])));
  }

  private static String text() {
    return Stream.of(
            Stream.of(
                "#include \"rans_common.cuh\"",
                "#include \"rans_encode.cuh\"",
                "#include \"rans_decode.cuh\"",
                "#include \"rans_baseline.cu\""),
            layout("RansEncoding", 144, ENCODING),
            layout("RansDecoding", 176, DECODING),
            layout("RansLayout", 32, LAYOUT),
            layout("RansTable", 16, "first 0 offset 4 escape 8 surprise 12"),
            layout("RansRow", 16, "offset 0 escape 4 entries 8"),
            layout("RansBaseline", 88, BASELINE),
            Stream.of("static_assert(RANS_RING_BYTES == 1024 && RANS_STAGE == 72, \"\");"))
        .flatMap(lines -> lines)
        .collect(Collectors.joining("\n", "", "\n"));
  }

  @Test
  void structsAreLaidOutAsTheHostThinks() {
    Optional<KernelCompiler> nvcc = Nvcc.find().map(found -> found);
    Assumptions.assumeTrue(nvcc.isPresent(), "nvcc is not installed: no struct is looked at here");
    String text =
        KernelSource.expand(
            "layout.cu", name -> name.equals("layout.cu") ? text() : kernelFile(name));
    assertThat(nvcc.orElseThrow().compile("layout.cu", text, "sm_90a", List.of())).startsWith(ELF);
  }
}
