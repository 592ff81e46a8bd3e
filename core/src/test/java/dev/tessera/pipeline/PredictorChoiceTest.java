package dev.tessera.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import dev.tessera.quant.Predictor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PredictorChoiceTest {
  private static final int DEPTH = 16;
  private static final int HEIGHT = 32;
  private static final int WIDTH = 64;

  private static PipelineSpec choose(String pipeline, MemorySegment chunk) {
    PipelineSpec spec = PipelineSpec.parse(pipeline);
    QuantizationFit fit = new QuantizationFit(spec, DataType.FLOAT32, null);
    fit.accept(chunk, 0, DEPTH * HEIGHT * WIDTH, 0);
    PredictorChoice.Sample sample = new PredictorChoice.Sample(chunk, DEPTH, HEIGHT, WIDTH, 0);
    return PredictorChoice.resolve(
        spec, DataType.FLOAT32, null, fit.finish(), OptionalLong.empty(), List.of(sample));
  }

  @Test
  void smoothFieldsTakeTheFullPredictorAndNoiseNone() {
    MemorySegment smooth = Chunks.empty(DataType.FLOAT32, DEPTH, HEIGHT, WIDTH);
    MemorySegment noise = Chunks.empty(DataType.FLOAT32, DEPTH, HEIGHT, WIDTH);
    Random random = new Random(1);
    for (int i = 0; i < DEPTH * HEIGHT * WIDTH; i++) {
      int x = i % WIDTH;
      int y = i / WIDTH % HEIGHT;
      int z = i / WIDTH / HEIGHT;
      double wave = Math.sin(0.05 * x) + Math.sin(0.04 * y) + Math.sin(0.06 * z);
      DataType.FLOAT32.set(smooth, i, wave);
      DataType.FLOAT32.set(noise, i, random.nextDouble());
    }
    assertThat(choose("eb=1e-4", smooth).predictor()).isEqualTo(Predictor.LORENZO3);
    assertThat(choose("eb=1e-2", noise).predictor()).isEqualTo(Predictor.NONE);
    assertThat(choose("eb=1e-2", noise).encoder()).isEqualTo(EncoderSpec.RANS);
  }

  @Test
  void whatIsNamedStays() {
    MemorySegment chunk = Chunks.waves(DataType.FLOAT32, DEPTH, HEIGHT, WIDTH, 0, 2);
    assertThat(choose("eb=1e-3,lorenzo1,bitpack", chunk))
        .isEqualTo(PipelineSpec.parse("eb=1e-3,lorenzo1,bitpack"));
    assertThat(choose("eb=1e-3,lorenzo1", chunk).predictor()).isEqualTo(Predictor.LORENZO1);
    PipelineSpec gpu = choose("eb=1e-3,bitcomp", chunk);
    assertThat(gpu.encoder()).isEqualTo(EncoderSpec.parse("bitcomp"));
    assertThat(gpu.isResolved()).isTrue();
  }

  @Test
  void theChoiceIsTheSmallest() {
    MemorySegment chunk = Chunks.waves(DataType.FLOAT32, DEPTH, HEIGHT, WIDTH, 0.001, 3);
    PipelineSpec chosen = choose("eb=1e-3,bitpack", chunk);
    long best = bytes(chosen, chunk);
    for (Predictor predictor : Predictor.values()) {
      if (predictor.isResolved()) {
        assertThat(bytes(chosen.with(predictor), chunk)).isGreaterThanOrEqualTo(best);
      }
    }
  }

  private static long bytes(PipelineSpec spec, MemorySegment chunk) {
    QuantizationFit fit = new QuantizationFit(spec, DataType.FLOAT32, null);
    fit.accept(chunk, 0, DEPTH * HEIGHT * WIDTH, 0);
    ChunkFormat format =
        new ChunkFormat(
            DataType.FLOAT32,
            null,
            fit.finish(),
            spec.predictor(),
            spec.encoder(),
            OptionalLong.empty());
    return new ChunkCoder(format).encode(chunk, DEPTH, HEIGHT, WIDTH, 0);
  }
}
