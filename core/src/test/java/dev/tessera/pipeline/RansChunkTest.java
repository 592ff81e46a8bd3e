package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.entropy.BlockRans;
import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.FrequencyTable;
import dev.tessera.entropy.ZeroFlags;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.BlockGeometry;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RansChunkTest {
  private static final int DEPTH = 9;
  private static final int HEIGHT = 30;
  private static final int WIDTH = 45;
  private static final int VALUES = DEPTH * HEIGHT * WIDTH;

  /** Waves in some blocks, and where {@code oddOneIn} is not 0 now and then a NaN. */
  private static MemorySegment values(int oddOneIn) {
    MemorySegment values = MemorySegment.ofArray(new byte[VALUES * Float.BYTES]);
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < VALUES; i++) {
      double value = i % WIDTH < 33 ? Math.sin(i / 40.0) + 0.01 * random.nextDouble() : 0.5;
      boolean odd = oddOneIn > 0 && random.nextInt(oddOneIn) == 0;
      DataType.FLOAT32.set(values, i, odd ? Double.NaN : value);
    }
    return values;
  }

  private static ChunkFormat format(String text, MemorySegment values) {
    PipelineSpec spec = PipelineSpec.parse(text);
    QuantizationFit fit = new QuantizationFit(spec, DataType.FLOAT32, null);
    fit.accept(values, 0, VALUES, 0);
    return new ChunkFormat(
        DataType.FLOAT32,
        null,
        fit.finish(),
        spec.predictor(),
        spec.encoder(),
        OptionalLong.empty());
  }

  @ParameterizedTest
  @CsvSource({"rans,0", "rans:1,0", "rans:3,60", "rans:65536,900"})
  void isPutTogetherOfWhatItIsOpenedInto(String encoder, int oddOneIn) {
    MemorySegment values = values(oddOneIn);
    ChunkFormat format = format("eb=abs:1e-3,lorenzo3," + encoder, values);
    ChunkCoder coder = new ChunkCoder(format);
    coder.encode(values, DEPTH, HEIGHT, WIDTH, 0);
    byte[] bytes = coder.toByteArray();

    RansChunk chunk = RansChunk.open(format, MemorySegment.ofArray(bytes), DEPTH, HEIGHT, WIDTH);
    byte[] again =
        RansChunk.encode(
            format,
            values,
            DEPTH,
            HEIGHT,
            WIDTH,
            chunk.head(),
            chunk.streams(),
            oddOneIn == 0 ? null : marks(values));
    assertThat(again).isEqualTo(bytes);
  }

  /** A bit for each NaN, in coded order. */
  private static MemorySegment marks(MemorySegment values) {
    BlockGeometry geometry = new BlockGeometry(DEPTH, HEIGHT, WIDTH);
    byte[] marks = new byte[geometry.blocks() * PLACES / 8];
    for (int place = 0; place < geometry.blocks() * PLACES; place++) {
      BlockGeometry.Block block = geometry.block(place / PLACES);
      int natural = geometry.mode().natural(place % PLACES);
      if (geometry.contains(block, natural)
          && Double.isNaN(
              DataType.FLOAT32.valueOf(
                  DataType.FLOAT32.getBits(values, geometry.index(block, natural))))) {
        marks[place / 8] |= (byte) (1 << place % 8);
      }
    }
    return MemorySegment.ofArray(marks);
  }

  @Test
  void putsExactValuesBack() {
    MemorySegment values = values(60);
    ChunkFormat format = format("eb=abs:1e-3,lorenzo3,rans", values);
    ChunkCoder coder = new ChunkCoder(format);
    coder.encode(values, DEPTH, HEIGHT, WIDTH, 0);
    MemorySegment restored = MemorySegment.ofArray(new byte[VALUES * Float.BYTES]);
    RansChunk.open(format, MemorySegment.ofArray(coder.toByteArray()), DEPTH, HEIGHT, WIDTH)
        .putExact(restored);
    for (int i = 0; i < VALUES; i++) {
      long bits = DataType.FLOAT32.getBits(values, i);
      boolean odd = Double.isNaN(DataType.FLOAT32.valueOf(bits));
      assertThat(DataType.FLOAT32.getBits(restored, i)).isEqualTo(odd ? bits : 0);
    }
  }

  /** Whatever the head's damage, it is refused, or gives numbers that are safe to use. */
  @Test
  void refusesDamagedHeads() {
    MemorySegment values = values(60);
    ChunkFormat format = format("eb=abs:1e-3,lorenzo3,rans:1", values);
    ChunkCoder coder = new ChunkCoder(format);
    coder.encode(values, DEPTH, HEIGHT, WIDTH, 0);
    byte[] good = coder.toByteArray();
    SplittableRandom random = new SplittableRandom(4);
    int refused = 0;
    for (int round = 0; round < 2000; round++) {
      byte[] bad =
          random.nextInt(4) == 0
              ? Arrays.copyOf(good, 4 + random.nextInt(good.length))
              : good.clone();
      bad[4 + random.nextInt(Math.min(200, bad.length - 4))] ^= (byte) (1 << random.nextInt(8));
      try {
        RansChunk chunk = RansChunk.open(format, MemorySegment.ofArray(bad), DEPTH, HEIGHT, WIDTH);
        assertThat(Arrays.stream(chunk.head().lengths()).asLongStream().sum() * Short.BYTES)
            .isEqualTo(chunk.streams().byteSize());
        for (int c : chunk.head().classes()) {
          assertThat(chunk.head().table(c).cdf()).startsWith(0).endsWith(65536);
        }
        chunk.putExact(MemorySegment.ofArray(new byte[VALUES * Float.BYTES]));
      } catch (TesseraException.Corrupt e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  void doesNotTakeWhatDoesNotFit() {
    MemorySegment values = values(0);
    ChunkFormat format = format("eb=abs:1e-3,lorenzo3,rans", values);
    ChunkCoder coder = new ChunkCoder(format);
    coder.encode(values, DEPTH, HEIGHT, WIDTH, 0);
    RansChunk chunk =
        RansChunk.open(format, MemorySegment.ofArray(coder.toByteArray()), DEPTH, HEIGHT, WIDTH);
    MemorySegment shorter = chunk.streams().asSlice(2);
    assertThatThrownBy(() ->
            RansChunk.encode(format, values, DEPTH, HEIGHT, WIDTH, chunk.head(), shorter, null))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("9×30×45");
  }

  @Test
  void tablesKnowTheFrequencyOfTheirFlag() {
    int[] frequencies = {3, 65400, 100};
    FrequencyTable table = FrequencyTable.of(-1, frequencies);
    CdfTables tables = new CdfTables(new int[][] {table.cdf()}, new int[] {table.lowest()});
    assertThat(table.frequencyOfZero()).isEqualTo(65400);
    assertThat(BlockRans.deadFrequency(table.frequencyOfZero()))
        .isEqualTo(ZeroFlags.derived(tables, 0, BlockRans.BLOCK));
    assertThat(FrequencyTable.of(1, frequencies).frequencyOfZero()).isZero();
    assertThat(BlockRans.deadFrequency(0)).isEqualTo(1);
    assertThatThrownBy(() -> FrequencyTable.of(0, new int[] {65536}))
        .isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> FrequencyTable.of(0, new int[] {5, 0}))
        .isInstanceOf(TesseraException.Invalid.class);
  }
}
