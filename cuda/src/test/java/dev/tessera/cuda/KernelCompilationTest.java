package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.cuda.network.CheckModels;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Execution(ExecutionMode.CONCURRENT)
class KernelCompilationTest {
  /** The sizes of the bundled model. */
  private static final List<Model> MODELS =
      List.of(CheckModels.of(Architecture.FACTORIZED, 128, 192, 3, 1));

  private static final byte[] ELF = {0x7F, 'E', 'L', 'F'};

  private static KernelCompiler nvccOrSkip() {
    Optional<KernelCompiler> nvcc = Nvcc.find().map(found -> found);
    Assumptions.assumeTrue(nvcc.isPresent(), "nvcc is not installed: no kernel is compiled here");
    return nvcc.orElseThrow();
  }

  static Stream<Arguments> sources() {
    return Stream.of("sm_80", "sm_90a")
        .flatMap(architecture ->
            KernelCatalog.sources(MODELS, architecture).stream()
                .map(source -> Arguments.of(source, architecture)));
  }

  /** What has not changed since the last build is not compiled again. */
  @ParameterizedTest
  @MethodSource("sources")
  void compiles(KernelSource source, String architecture) {
    KernelCompiler nvcc = nvccOrSkip();
    KernelCache cache =
        new KernelCache(List.of(), Path.of("target", "test-kernels"), () -> Optional.of(nvcc));
    assertThat(cache.cubin(source, List.of(architecture)).image()).startsWith(ELF);
  }

  @Test
  void everyKernelFileIsInTheCatalog() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/main/cuda"))) {
      List<String> names =
          files.map(file -> file.getFileName().toString()).filter(n -> n.endsWith(".cu")).toList();
      assertThat(KernelCatalog.sources(MODELS, "sm_90a"))
          .extracting(KernelSource::file)
          .containsAll(names)
          .allMatch(names::contains);
    }
    assertThat(KernelCatalog.SOURCES).doesNotHaveDuplicates();
  }

  @Test
  void aMistakeComesBackWithTheCompilersWords() {
    KernelCompiler nvcc = nvccOrSkip();
    String text = "extern \"C\" __global__ void f() {\n  undeclared = 1;\n}\n";
    assertThatThrownBy(() -> nvcc.compile("bad.cu", text, "sm_80", List.of()))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("bad.cu(2)")
        .hasMessageContaining("undeclared");
  }

  @Test
  void anArchitectureThatTheCompilerDoesNotKnowIsNamed() {
    KernelCompiler nvcc = nvccOrSkip();
    assertThatThrownBy(() -> nvcc.compile("a.cu", "", "sm_999", List.of()))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("sm_999");
  }
}
