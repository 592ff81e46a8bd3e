package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.pipeline.PipelineSpec;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The kernels' quantizer of latents, compiled by a C++ compiler of this machine, against that of
 * core, over latents of all sizes and signs.
 */
class LatentQuantizerOnHostTest {
  private static final int PER_TILE = 4096;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "minmax:8,reference-eb=0.8",
        "minmax:12,reference-eb=0.1",
        "minmax:1,reference-eb=3",
        "minmax:24,reference-eb=500"
      })
  void restoresTheSameLatents(String pipeline) throws Exception {
    Path program = compile();
    PipelineSpec spec = PipelineSpec.parse(pipeline);
    MemorySegment latents = MemorySegment.ofArray(LatentQuantizerChecks.latents(PER_TILE));
    long bytes = (long) PER_TILE * Float.BYTES;
    for (long at = 0; at < latents.byteSize(); at += bytes) {
      MemorySegment latent = latents.asSlice(at, bytes);
      byte[] found = run(program, spec, latent.toArray(ValueLayout.JAVA_BYTE));
      assertThat(
              MemorySegment.ofArray(found).mismatch(LatentQuantizerChecks.expected(spec, latent)))
          .as("%s, tile %d", pipeline, at / bytes)
          .isNegative();
    }
  }

  private Path compile() throws IOException, InterruptedException {
    Path source = folder.resolve("latents.cpp");
    Files.writeString(
        source,
        resource("device_on_host.hpp")
            + new KernelSource("latent_quantizer.cuh", List.of()).text()
            + resource("latent_quantizer_host.cpp"));
    Path program = folder.resolve("latents");
    try {
      Process compiler =
          new ProcessBuilder(
                  "c++",
                  "-std=c++17",
                  "-O1",
                  "-ffp-contract=off",
                  "-o",
                  program.toString(),
                  source.toString())
              .redirectErrorStream(true)
              .start();
      String words = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(compiler.waitFor()).as(words).isZero();
    } catch (IOException e) {
      Assumptions.abort("no C++ compiler: the quantizer of latents is not checked");
    }
    return program;
  }

  private byte[] run(Path program, PipelineSpec spec, byte[] latent)
      throws IOException, InterruptedException {
    Path input = folder.resolve("input");
    Path output = folder.resolve("output");
    Files.write(input, latent);
    Process process =
        new ProcessBuilder(
                program.toString(),
                Integer.toString(PER_TILE),
                Integer.toString(spec.quantizer().bits()),
                Double.toString(spec.quantizer().value()))
            .redirectInput(input.toFile())
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor()).isZero();
    return Files.readAllBytes(output);
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = LatentQuantizerOnHostTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
