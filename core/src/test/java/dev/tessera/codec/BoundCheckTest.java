package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.pipeline.PipelineSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against another original than the file's, verification finds exactly what lies too far off. */
final class BoundCheckTest {
  private static BoundReport report(String pipeline, Field field, Field other) throws IOException {
    try (Codec codec = Codec.open(PipelineSpec.parse(pipeline))) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      codec.compress(field, out);
      ContainerReader container = ContainerReader.of(MemorySegment.ofArray(out.toByteArray()));
      return codec.verify(other, container).bound().get();
    }
  }

  /** Whole numbers, so that all are restored exactly and errors are those put in. */
  private static Field numbers(DataType type) {
    Field field = Field.allocate(TestFields.smooth(type, 1, 300).info());
    for (int i = 0; i < 300; i++) {
      type.set(field.data(), i, i < 100 ? i : 100 + i % 2);
    }
    return field;
  }

  @ParameterizedTest
  @CsvSource({
    "FLOAT32, eb=abs:0.5, 0.5, 0",
    "FLOAT32, eb=abs:0.5, 0.5000000596046448, 1",
    "FLOAT32, round, 0.5, 0",
    "FLOAT64, eb=abs:0.5, 0.5000000000000001, 1",
    "FLOAT64, eb=abs:0.5, 7, 1",
    "INT32, eb=abs:0.25, 1, 1",
    "INT64, eb=abs:0.25, 1, 1"
  })
  void oneValueTooFarOffIsOneViolation(DataType type, String pipeline, double off, long violations)
      throws IOException {
    Field field = numbers(type);
    // the quantizer's steps of almost 1 start at 0, so that 0 is restored as 0
    Field other = numbers(type);
    type.set(other.data(), 0, off);
    BoundReport report = report(pipeline + ",none,raw", field, other);
    assertThat(report.values()).isEqualTo(300);
    assertThat(report.violations()).isEqualTo(violations);
    assertThat(report.held()).isEqualTo(violations == 0);
    assertThat(report.largest()).isEqualTo(off);
  }

  @Test
  void pointwiseBoundsGoByTheValue() throws IOException {
    Field field = numbers(DataType.FLOAT64);
    Field other = numbers(DataType.FLOAT64);
    DataType.FLOAT64.set(other.data(), 90, 90 * 1.02);
    DataType.FLOAT64.set(other.data(), 0, 1e-300);
    BoundReport report = report("eb=pwrel:1e-3,none,raw", field, other);
    assertThat(report.violations()).isEqualTo(2);
    assertThat(report.largest()).isEqualTo(1);
  }

  @Test
  void aMissingValueThatWasOneIsNoMatterOfTheBound() throws IOException {
    Field field = numbers(DataType.FLOAT32);
    Field other = numbers(DataType.FLOAT32);
    DataType.FLOAT32.setBits(other.data(), 5, 0x7fc00000);
    assertThat(report("eb=abs:0.5,none,raw", field, other).values()).isEqualTo(299);
    // but a number that became none is
    assertThat(report("eb=abs:0.5,none,raw", other, field).violations()).isEqualTo(1);
  }
}
