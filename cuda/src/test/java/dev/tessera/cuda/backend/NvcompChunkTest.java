package dev.tessera.cuda.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.codec.ChunkBox;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.QuantizationFit;
import dev.tessera.quant.Predictor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NvcompChunkTest {
  private static final int BLOCKS = 37;
  private static final int MOST = 70_000;

  private static NvcompChunk chunk(int elementBytes, int valueBytes, int exactCount) {
    SplittableRandom random = new SplittableRandom(exactCount);
    int[] lengths = new int[NvcompChunk.pieces(BLOCKS, elementBytes)];
    Arrays.setAll(lengths, i -> 1 + random.nextInt(900));
    byte[] pieces = new byte[Arrays.stream(lengths).sum()];
    random.nextBytes(pieces);
    int[] exact = random.ints(0, BLOCKS * 4096).distinct().limit(exactCount).sorted().toArray();
    long mask = valueBytes == 8 ? -1 : (1L << 8 * valueBytes) - 1;
    long[] bits = random.longs(exactCount).map(value -> value & mask).toArray();
    return new NvcompChunk(elementBytes, lengths, exact, bits, MemorySegment.ofArray(pieces));
  }

  private static NvcompChunk decode(byte[] bytes, int elementBytes, int valueBytes) {
    return NvcompChunk.decode(MemorySegment.ofArray(bytes), BLOCKS, elementBytes, valueBytes, MOST);
  }

  @ParameterizedTest
  @CsvSource({"2, 4, 0", "4, 4, 1", "4, 8, 5000", "2, 1, 151552", "4, 2, 40000"})
  void comesBack(int elementBytes, int valueBytes, int exactCount) {
    NvcompChunk chunk = chunk(elementBytes, valueBytes, exactCount);
    NvcompChunk back = decode(chunk.encode(valueBytes), elementBytes, valueBytes);
    assertThat(back.lengths()).isEqualTo(chunk.lengths());
    assertThat(back.exact()).isEqualTo(chunk.exact());
    assertThat(back.bits()).isEqualTo(chunk.bits());
    assertThat(back.pieces().mismatch(chunk.pieces())).isEqualTo(-1);
  }

  @Test
  void damageIsRefusedOrHarmless() {
    byte[] good = chunk(4, 4, 50).encode(4);
    SplittableRandom random = new SplittableRandom(7);
    int refused = 0;
    for (int round = 0; round < 2000; round++) {
      byte[] bad = round % 3 == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : good.clone();
      for (int i = 0; i < 3 && bad.length > 0; i++) {
        bad[random.nextInt(Math.min(bad.length, 400))] = (byte) random.nextInt(256);
      }
      try {
        NvcompChunk chunk = decode(bad, 4, 4);
        assertThat(Arrays.stream(chunk.lengths()).asLongStream().sum())
            .isEqualTo(chunk.pieces().byteSize());
        assertThat(Arrays.stream(chunk.exact()))
            .allMatch(place -> place >= 0 && place < BLOCKS * 4096);
      } catch (TesseraException.Corrupt e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(1000);
  }

  @Test
  void otherSizesAreRefused() {
    byte[] bytes = chunk(4, 4, 3).encode(4);
    assertThatThrownBy(() -> decode(bytes, 2, 4)).isInstanceOf(TesseraException.Corrupt.class);
    assertThatThrownBy(
            () -> NvcompChunk.decode(MemorySegment.ofArray(bytes), BLOCKS + 8, 4, 4, MOST))
        .isInstanceOf(TesseraException.Corrupt.class);
    assertThatThrownBy(() -> NvcompChunk.decode(MemorySegment.ofArray(bytes), BLOCKS, 4, 4, 10))
        .isInstanceOf(TesseraException.Corrupt.class);
  }

  /** Exact values go where the coded order says, and nowhere outside the chunk. */
  @Test
  void exactValuesAreAddressedInCodedOrder() {
    ChunkJob job = job(2, 5, 7);
    MemorySegment values = MemorySegment.ofArray(new byte[2 * 5 * 7 * 4]);
    // the second row of the second plane begins at place 20 of the first group
    exact(20, 99).putExact(job, values);
    assertThat(values.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * (35 + 7))).isEqualTo(99);
    // a fifth row is in group 8
    exact(8 * 32 + 1, 98).putExact(job, values);
    assertThat(values.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * (4 * 7 + 1))).isEqualTo(98);
    assertThatThrownBy(() -> exact(2 * 32, 1).putExact(job, values))
        .isInstanceOf(TesseraException.Corrupt.class);
  }

  private static NvcompChunk exact(int place, long bits) {
    MemorySegment none = MemorySegment.ofArray(new byte[0]);
    return new NvcompChunk(4, new int[0], new int[] {place}, new long[] {bits}, none);
  }

  static ChunkJob job(int depth, int height, int width) {
    PipelineSpec spec = PipelineSpec.parse("eb=abs:0.1,none,bitpack");
    QuantizationFit fit = new QuantizationFit(spec, DataType.FLOAT32, null);
    fit.accept(MemorySegment.ofArray(new float[] {0, 1}), 0, 2, 0);
    ChunkFormat format =
        new ChunkFormat(
            DataType.FLOAT32,
            null,
            fit.finish(),
            Predictor.NONE,
            EncoderSpec.BITPACK,
            OptionalLong.empty());
    return new ChunkJob(format, new ChunkBox(depth, height, width, 0));
  }
}
