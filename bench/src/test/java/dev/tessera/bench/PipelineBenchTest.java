package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PipelineBenchTest {
  private static BenchField field(String shape, DataType type) {
    FieldInfo info = FieldInfo.of("f", type, Shape.parse(shape));
    MemorySegment data = Arena.ofAuto().allocate(info.bytes(), 64);
    for (long i = 0; i < info.shape().elements(); i++) {
      type.set(data, i, Math.rint(1000 * Math.sin(i * 0.01)));
    }
    return new BenchField(shape, info, data);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"5", "3000000", "7x9", "1030x2050", "3x5x7", "70x130x257", "2x3x65x4x129"})
  void boxesCoverAFieldOnce(String shape) {
    BenchField field = field(shape, DataType.UINT8);
    MemorySegment seen = Arena.ofAuto().allocate(field.bytes());
    for (BenchField.Box box : field.boxes()) {
      MemorySegment chunk = Arena.ofAuto().allocate(box.values());
      field.copy(seen, box, chunk, true);
      for (long i = 0; i < box.values(); i++) {
        chunk.set(ValueLayout.JAVA_BYTE, i, (byte) (chunk.get(ValueLayout.JAVA_BYTE, i) + 1));
      }
      field.copy(seen, box, chunk, false);
    }
    MemorySegment once = Arena.ofAuto().allocate(field.bytes()).fill((byte) 1);
    assertThat(seen.mismatch(once)).isEqualTo(-1);
  }

  @Test
  void everyCombinationIsMeasuredWithinItsBound() {
    List<String> pipelines =
        PipelineBench.combine(
            List.of("rel:1e-2", "abs:0.5"),
            List.of("lorenzo3,bitpack", "eb=pwrel:1e-2,lorenzo,rans"));
    List<PipelineResult> results;
    try (PipelineDevice one = new CpuPipelineDevice(1);
        PipelineDevice two = new CpuPipelineDevice(2)) {
      results =
          new PipelineBench(List.of(one, two), pipelines, 1, line -> {})
              .run(List.of(field("9x40x50", DataType.FLOAT32), field("1000", DataType.INT16)));
    }

    assertThat(pipelines)
        .containsExactly(
            "eb=rel:1e-2,lorenzo3,bitpack",
            "eb=abs:0.5,lorenzo3,bitpack",
            "eb=pwrel:1e-2,lorenzo,rans");
    assertThat(results).hasSize(2 * 3 * 2);
    assertThat(results)
        .allSatisfy(result -> {
          assertThat(result.errorShare()).isBetween(0.0, 1.0);
          assertThat(result.what().spec().isResolved()).isTrue();
          assertThat(result.ratio()).isGreaterThan(1);
        });
    PipelineReport report = new PipelineReport(RunInfo.now("x", "1", Map.of()), results);
    assertThat(report.table()).contains("9x40x50 f32", "1000 i16", "lorenzo3,bitpack");
    assertThat(report.toJson().getAsJsonArray("results")).hasSize(12);
    assertThat(report.charts()).containsOnlyKeys("9x40x50", "1000");
  }

  @Test
  void normalizersAreFitted() {
    try (PipelineDevice device = new CpuPipelineDevice(1)) {
      List<PipelineResult> results =
          new PipelineBench(
                  List.of(device), List.of("minmax:slice,eb=abs:0.01,lorenzo2,bitpack"), 1, s -> {})
              .run(List.of(field("3x20x30", DataType.FLOAT64)));

      // 0.01 of a slice's range of at most 2000
      assertThat(results.getFirst().metrics().maxError()).isBetween(1e-3, 20.0);
    }
  }

  @Test
  void whatADeviceCannotDoIsSkipped() {
    try (PipelineDevice device = new CpuPipelineDevice(1)) {
      List<PipelineResult> results =
          new PipelineBench(List.of(device), List.of("eb=rel:1e-3,lorenzo1,bitcomp"), 1, line -> {})
              .run(List.of(field("20x30", DataType.FLOAT32)));

      assertThat(results).isEmpty();
    }
  }

  /** Restores the first value wrongly. */
  private record Broken(PipelineDevice good, double error) implements PipelineDevice {
    @Override
    public String name() {
      return "broken";
    }

    @Override
    public Optional<String> unable(PipelineCase what) {
      return good.unable(what);
    }

    @Override
    public int usualRuns() {
      return 1;
    }

    @Override
    public Map<String, String> properties() {
      return Map.of();
    }

    @Override
    public PipelineTimes measure(PipelineCase what, Repetitions repetitions) {
      PipelineTimes times = good.measure(what, repetitions);
      DataType type = what.field().type();
      type.set(times.restored(), 0, type.get(what.field().data(), 0) + error);
      return times;
    }

    @Override
    public void close() {}
  }

  @Test
  void aMissedBoundIsNoticed() {
    try (PipelineDevice device = new CpuPipelineDevice(1)) {
      BenchField field = field("20x30", DataType.FLOAT32);
      List<String> pipelines = List.of("eb=abs:0.5,lorenzo1,bitpack");

      assertThat(
              new PipelineBench(List.of(new Broken(device, 0.25)), pipelines, 1, s -> {})
                  .run(List.of(field)))
          .hasSize(1);
      assertThatThrownBy(() ->
              new PipelineBench(List.of(new Broken(device, 0.75)), pipelines, 1, s -> {})
                  .run(List.of(field)))
          .isInstanceOf(TesseraException.BoundViolated.class)
          .hasMessageContaining("1.5");
    }
  }
}
