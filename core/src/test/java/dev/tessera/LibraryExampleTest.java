package dev.tessera;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.codec.Codec;
import dev.tessera.codec.CodecOptions;
import dev.tessera.container.ContainerReader;
import dev.tessera.field.Field;
import dev.tessera.model.Model;
import dev.tessera.model.ModelStore;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of README, compiled and run; README has it word for word. */
final class LibraryExampleTest {
  // example begins
  static Field roundTrip(float[] values, Path file) throws IOException {
    Field field = Field.of(values, 3, 128, 128);
    try (Codec codec = Codec.open(PipelineSpec.parse("eb=rel:1e-3"))) {
      codec.compress(field, file);
      try (ContainerReader container = ContainerReader.open(file)) {
        Field restored = Field.allocate(container.header().field());
        codec.decompress(container, restored);
        System.out.println(codec.verify(field, container).bound());
        return restored;
      }
    }
  }

  static long withModel(Field field, Path file) throws IOException {
    Model model = ModelStore.user().find("general-q1");
    CodecOptions options = CodecOptions.DEFAULTS.withNormalizer("minmax:slice");
    try (Codec codec = Codec.open(model, options)) {
      return codec.compress(field, file);
    }
  }

  // example ends

  @Test
  void restoresWaves(@TempDir Path folder) throws IOException {
    float[] values = new float[3 * 128 * 128];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (Math.sin(i % 128 / 20.0) * Math.cos(i / 128 % 128 / 20.0));
    }
    Path file = folder.resolve("waves.tsr");

    Field restored = roundTrip(values, file);

    assertThat(Files.size(file)).isLessThan(4L * values.length / 10);
    for (int i = 0; i < values.length; i++) {
      // the field's range is 2
      assertThat(Math.abs(restored.get(i) - values[i])).isLessThan(0.002);
    }

    Path small = folder.resolve("small.tsr");
    assertThat(withModel(Field.of(values, 3, 128, 128), small))
        .isLessThan(4L * values.length / 100);
  }

  @Test
  void standsInReadme() throws IOException {
    Path root = TestData.file("golden").resolve("../..").normalize();
    String name = LibraryExampleTest.class.getName().replace('.', '/') + ".java";
    List<String> source = Files.readAllLines(root.resolve("core/src/test/java").resolve(name));
    int begin = source.indexOf("  // example begins");
    int end = source.indexOf("  // example ends");
    String example =
        String.join("\n", source.subList(begin + 1, end)).stripTrailing().stripIndent();

    assertThat(example.lines()).hasSize(20);
    assertThat(Files.readString(root.resolve("README.md")))
        .contains("```java\n" + example + "\n```");
  }
}
