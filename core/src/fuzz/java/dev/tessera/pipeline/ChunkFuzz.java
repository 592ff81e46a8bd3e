package dev.tessera.pipeline;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.field.DataType;
import dev.tessera.testing.Fuzzing;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged chunks of pipelines: the first byte names type, encoder and shape, the rest is one. */
final class ChunkFuzz {
  private static final DataType[] TYPES = {
    DataType.UINT8, DataType.INT16, DataType.FLOAT32, DataType.INT64
  };
  private static final String[] ENCODERS = {"bitpack", "rans:2", "zstd", "raw"};
  private static final int[][] SHAPES = {{9, 17, 40}, {1, 1, 9000}, {1, 130, 40}, {1, 1, 3}};

  static Stream<Arguments> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (int choice = 0; choice < 64; choice++) {
      int[] shape = SHAPES[choice >> 4];
      DataType type = TYPES[choice & 3];
      MemorySegment chunk = Chunks.waves(type, shape[0], shape[1], shape[2], 0.01, choice);
      ChunkCoder coder = coder(choice);
      coder.encode(chunk, shape[0], shape[1], shape[2], 0);
      byte[] bytes = coder.toByteArray();
      byte[] seed = new byte[bytes.length + 1];
      seed[0] = (byte) choice;
      System.arraycopy(bytes, 0, seed, 1, bytes.length);
      seeds.add(seed);
    }
    return Fuzzing.seeds(seeds.stream());
  }

  private static ChunkCoder coder(int choice) {
    DataType type = TYPES[choice & 3];
    PipelineSpec spec = PipelineSpec.parse("eb=abs:4,lorenzo3," + ENCODERS[choice >> 2 & 3]);
    double step = Chunks.amplitude(type) / 50;
    return new ChunkCoder(
        new ChunkFormat(
            type,
            null,
            new Quantization(spec.quantizer(), 0, step, step, 1),
            spec.predictor(),
            spec.encoder(),
            OptionalLong.empty()));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void decode(byte[] data) {
    if (data.length == 0) {
      return;
    }
    int[] shape = SHAPES[data[0] >> 4 & 3];
    DataType type = TYPES[data[0] & 3];
    MemorySegment values = Chunks.empty(type, shape[0], shape[1], shape[2]);
    MemorySegment bytes = MemorySegment.ofArray(Arrays.copyOfRange(data, 1, data.length));
    Fuzzing.survive(
        () -> coder(data[0] & 0x3f).decode(bytes, shape[0], shape[1], shape[2], 0, values));
  }
}
