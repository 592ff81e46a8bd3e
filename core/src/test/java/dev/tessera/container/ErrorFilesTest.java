package dev.tessera.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.codec.Codec;
import dev.tessera.field.Field;
import dev.tessera.model.Model;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The files of testdata/errors are refused, each for its own reason. */
final class ErrorFilesTest {
  private static Codec codec;

  @BeforeAll
  static void open() throws IOException {
    codec = Codec.open(GoldenContainers.FACTORIZED.model());
  }

  @AfterAll
  static void close() {
    codec.close();
  }

  static final List<String> NAMES = ErrorFiles.ALL.stream().map(ErrorFile::name).toList();

  private static ErrorFile named(String name) {
    return ErrorFiles.ALL.stream().filter(f -> f.name().equals(name)).findFirst().orElseThrow();
  }

  /** What a program does that is handed a file: open, find the model, check, decode. */
  private static void decode(Path file) throws IOException {
    try (ContainerReader container = ContainerReader.open(file)) {
      byte[] embedded = container.header().embeddedModel();
      if (embedded != null) {
        Model.read(embedded, "embedded");
      }
      codec.check(container);
      codec.decompress(container, Field.allocate(container.header().field()));
    }
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  @Timeout(20)
  void isRefused(String name) {
    ErrorFile file = named(name);
    assertThatThrownBy(() -> decode(file.path()))
        .isExactlyInstanceOf(file.type())
        .hasMessageContaining(file.message());
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void isWhatTheGeneratorMakes(String name) throws IOException {
    assertThat(Files.readAllBytes(named(name).path())).isEqualTo(named(name).make());
  }

  /** Without the damage nothing is refused, so that each refusal has the damage as its reason. */
  @Test
  void theGoldenFileIsNotRefused() throws IOException {
    decode(GoldenContainers.FACTORIZED.path());
  }

  @Test
  void theListIsComplete() throws IOException {
    assertThat(Files.readString(TestData.file("errors/README.md"))).isEqualTo(ErrorFiles.readme());
    try (Stream<Path> files = Files.list(TestData.file("errors"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(
              Stream.concat(NAMES.stream().map(n -> n + ".tsr"), Stream.of("README.md")).toList());
    }
  }
}
