package dev.tessera.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tessera.entropy.SymbolCheck;
import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.quant.Predictor;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ChunkCoderTest {
  private static final int[][] SHAPES = {
    {1, 1, 1},
    {1, 1, 4097},
    {1, 3, 70},
    {1, 4, 5},
    {1, 130, 33},
    {2, 1, 1},
    {8, 16, 32},
    {9, 17, 33}
  };
  private static final List<Predictor> PREDICTORS =
      List.of(Predictor.NONE, Predictor.LORENZO1, Predictor.LORENZO2, Predictor.LORENZO3);

  @ParameterizedTest
  @ValueSource(strings = {"bitpack", "rans:1", "rans:3", "zstd", "raw"})
  void everyEncoderBringsTheSameValuesBack(String encoder) {
    for (int[] shape : SHAPES) {
      for (Predictor predictor : PREDICTORS) {
        MemorySegment chunk = Chunks.waves(DataType.FLOAT32, shape[0], shape[1], shape[2], 0.03, 1);
        PipelineSpec spec = PipelineSpec.parse("eb=rel:1e-3," + predictor + "," + encoder);
        ChunkFormat format = format(spec, DataType.FLOAT32, chunk, OptionalLong.empty());
        ChunkCoder plain = new ChunkCoder(format.with(Predictor.NONE, EncoderSpec.RAW));
        ChunkCoder coder = new ChunkCoder(format);
        MemorySegment back = roundTrip(coder, shape, chunk);
        // few values take fewer bytes as they are
        boolean kept = coder.toByteArray()[0] == 1;
        MemorySegment expected = kept ? chunk : roundTrip(plain, shape, chunk);
        assertThat(back.mismatch(expected)).isEqualTo(-1);
        assertThat(kept && shape[0] * shape[1] * shape[2] > 100).isFalse();
      }
    }
  }

  private static MemorySegment roundTrip(ChunkCoder coder, int[] shape, MemorySegment chunk) {
    long length = coder.encode(chunk, shape[0], shape[1], shape[2], 0);
    byte[] bytes = coder.toByteArray();
    assertThat(bytes).hasSize((int) length);
    short check = coder.check();
    MemorySegment back = MemorySegment.ofArray(new byte[(int) chunk.byteSize()]);
    MemorySegment data = MemorySegment.ofArray(bytes);
    assertThat(coder.decode(data, shape[0], shape[1], shape[2], 0, back)).isEqualTo(check);
    return back;
  }

  private static ChunkFormat format(
      PipelineSpec spec, DataType type, MemorySegment chunk, OptionalLong fill) {
    QuantizationFit fit = new QuantizationFit(spec, type, null);
    fill.ifPresent(fit::exclude);
    fit.accept(chunk, 0, chunk.byteSize() / type.bytes(), 0);
    return new ChunkFormat(type, null, fit.finish(), spec.predictor(), spec.encoder(), fill);
  }

  /** A smooth chunk by hand: bytes as FORMAT.md says. */
  @Test
  void bytesAreThoseOfTheFormat() {
    MemorySegment chunk = MemorySegment.ofArray(new byte[40]);
    for (int i = 0; i < 40; i++) {
      chunk.set(ValueLayout.JAVA_BYTE, i, (byte) (i < 35 ? 7 : 9));
    }
    PipelineSpec spec = PipelineSpec.parse("round,lorenzo1,bitpack");
    ChunkCoder coder = new ChunkCoder(format(spec, DataType.UINT8, chunk, OptionalLong.empty()));
    coder.encode(chunk, 1, 1, 40, 0);
    // q = 7 at place 0: zigzag 14, width 4; a difference of 2 at place 35: zigzag 4, width 3
    // table: 1 block of 1 + 3 planes + 4 + 3 words
    int[] words = {0, 11, 3, 0b10, 0b10, 0b01, 14, 0, 0, 0, 4 << 9, 0, 0};
    assertThat(coder.toByteArray()[0]).isEqualTo((byte) 1); // 52 would be more than the 40 values
    MemorySegment wide = MemorySegment.ofArray(new byte[320]);
    for (int i = 0; i < 40; i++) {
      wide.set(DataType.LE_LONG, 8 * i, i < 35 ? 7 : 9);
    }
    ChunkCoder longs = new ChunkCoder(format(spec, DataType.INT64, wide, OptionalLong.empty()));
    longs.encode(wide, 1, 1, 40, 0);
    assertThat(MemorySegment.ofArray(longs.toByteArray()).toArray(DataType.LE_INT))
        .containsExactly(words);
    int[] q = wide.toArray(DataType.LE_INT);
    int[] low = new int[40];
    for (int i = 0; i < 40; i++) {
      low[i] = q[2 * i];
    }
    assertThat(longs.check()).isEqualTo(SymbolCheck.fold(SymbolCheck.of(low, 0, 40, 0)));
  }

  @Test
  void theFillValueStaysAlone() {
    MemorySegment chunk = Chunks.waves(DataType.FLOAT32, 1, 90, 80, 0, 2);
    long fill = Float.floatToRawIntBits(0f);
    for (int i = 0; i < 7200; i += 5) {
      chunk.set(DataType.LE_FLOAT, 4L * i, i % 2 == 0 ? 0f : -0f);
    }
    PipelineSpec spec = PipelineSpec.parse("eb=abs:20000,lorenzo2,bitpack");
    ChunkFormat format = format(spec, DataType.FLOAT32, chunk, OptionalLong.of(fill));
    // an offset from which 0 is restored exactly
    Quantization numbers = new Quantization(spec.quantizer(), -1e7, 25000, 20000, 1);
    ChunkCoder coder =
        new ChunkCoder(
            new ChunkFormat(
                DataType.FLOAT32,
                null,
                numbers,
                format.predictor(),
                format.encoder(),
                OptionalLong.of(fill)));
    MemorySegment back = roundTrip(coder, new int[] {1, 90, 80}, chunk);
    int fills = 0;
    for (int i = 0; i < 7200; i++) {
      boolean was = DataType.FLOAT32.getBits(chunk, i) == fill;
      assertThat(DataType.FLOAT32.getBits(back, i) == fill).isEqualTo(was);
      fills += was ? 1 : 0;
    }
    assertThat(fills).isEqualTo(720);
  }

  @ParameterizedTest
  @ValueSource(strings = {"log10", "log1p", "asinh:100", "minmax:slice", "log1p,meanstd:slice"})
  void boundsHoldForWhatANormalizerGives(String normalizers) {
    DataType type = DataType.FLOAT32;
    int[] shape = {10, 20, 33};
    MemorySegment chunk = Chunks.waves(type, 10, 20, 33, 0.01, 3);
    for (int i = 0; i < 6600; i++) {
      if (i % 50 != 0) {
        type.set(chunk, i, Math.abs(type.get(chunk, i)));
      }
    }
    PipelineSpec spec = PipelineSpec.parse(normalizers + ",eb=abs:0.01,lorenzo3,bitpack");
    NormalizerSpec applied = spec.appliedNormalizer();
    Normalizer.Fit measured = applied.fit(type, 13);
    for (int z = 0; z < 10; z++) {
      double[] row = new double[660];
      int count = 0;
      for (int i = 0; i < 660; i++) {
        double value = type.get(chunk, z * 660 + i);
        if (measured.inDomain(value)) {
          row[count++] = value;
        }
      }
      measured.accept(z + 3, row, count);
    }
    Normalizer normalizer = measured.finish();
    QuantizationFit fit = new QuantizationFit(spec, type, normalizer);
    for (int z = 0; z < 10; z++) {
      fit.accept(chunk, z * 660, 660, z + 3);
    }
    ChunkCoder coder =
        new ChunkCoder(
            new ChunkFormat(
                type,
                normalizer,
                fit.finish(),
                spec.predictor(),
                spec.encoder(),
                OptionalLong.empty()));
    coder.encode(chunk, 10, 20, 33, 3);
    MemorySegment bytes = MemorySegment.ofArray(coder.toByteArray());
    MemorySegment back = Chunks.empty(type, 10, 20, 33);
    coder.decode(bytes, shape[0], shape[1], shape[2], 3, back);
    int changed = 0;
    for (int i = 0; i < 6600; i++) {
      if (type.getBits(chunk, i) == type.getBits(back, i)) {
        continue;
      }
      double[] pair = {type.get(chunk, i), type.get(back, i)};
      normalizer.forward(3 + i / 660, pair, 2);
      assertThat(Math.abs(pair[0] - pair[1])).isLessThanOrEqualTo(0.01);
      changed++;
    }
    assertThat(changed).isGreaterThan(2000);
  }

  @Test
  void theReferenceQuantizerIsTheReferences() {
    DataType type = DataType.FLOAT32;
    MemorySegment chunk = Chunks.waves(type, 1, 64, 64, 0, 4);
    PipelineSpec spec = PipelineSpec.parse("minmax:8,reference-eb=0.8,none,bitpack");
    ChunkFormat format = format(spec, type, chunk, OptionalLong.empty());
    MemorySegment back = roundTrip(new ChunkCoder(format), new int[] {1, 64, 64}, chunk);
    double low = Double.MAX_VALUE;
    double high = -Double.MAX_VALUE;
    for (int i = 0; i < 4096; i++) {
      low = Math.min(low, type.get(chunk, i));
      high = Math.max(high, type.get(chunk, i));
    }
    for (int i = 0; i < 4096; i++) {
      double scaled = (type.get(chunk, i) - low) / (high - low) * 256;
      double expected = Math.floor(scaled / 1.6 + 0.5) * 1.6 / 256 * (high - low) + low;
      assertThat(type.get(back, i)).isCloseTo(expected, Offset.offset(0.5));
    }
  }

  @Test
  void latentsAreVectors() {
    MemorySegment chunk = Chunks.waves(DataType.FLOAT32, 1, 1, 192 * 64, 0, 5);
    PipelineSpec spec = PipelineSpec.parse("round,none,bitpack");
    ChunkFormat format = format(spec, DataType.FLOAT32, chunk, OptionalLong.empty());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment outside = arena.allocate(chunk.byteSize()).copyFrom(chunk);
      MemorySegment back = roundTrip(new ChunkCoder(format), new int[] {1, 1, 192 * 64}, outside);
      for (int i = 0; i < 192 * 64; i++) {
        float value = chunk.get(DataType.LE_FLOAT, 4L * i);
        assertThat(back.get(DataType.LE_FLOAT, 4L * i)).isEqualTo((float) Math.rint(value));
      }
    }
  }

  @Test
  void whatResidualsWouldExceedIsStoredPlain() {
    MemorySegment noise = MemorySegment.ofArray(new byte[4 * 5000]);
    Random random = new Random(6);
    for (int i = 0; i < 5000; i++) {
      noise.set(DataType.LE_INT, 4L * i, random.nextInt());
    }
    PipelineSpec spec = PipelineSpec.parse("eb=abs:1e-9,lorenzo3,bitpack");
    ChunkCoder coder = new ChunkCoder(format(spec, DataType.FLOAT32, noise, OptionalLong.empty()));
    MemorySegment back = roundTrip(coder, new int[] {1, 50, 100}, noise);
    assertThat(back.mismatch(noise)).isEqualTo(-1);
    assertThat(coder.toByteArray().length)
        .isLessThanOrEqualTo(
            (int) ChunkCoder.maxBytes(EncoderSpec.BITPACK, DataType.FLOAT32, 1, 50, 100));
  }

  @Test
  void saysWhatItCannotDo() {
    MemorySegment chunk = Chunks.waves(DataType.FLOAT32, 1, 4, 8, 0, 7);
    ChunkFormat format =
        format(
            PipelineSpec.parse("eb=1e-3,none,raw"), DataType.FLOAT32, chunk, OptionalLong.empty());
    assertThatExceptionOfType(TesseraException.Unsupported.class)
        .isThrownBy(() -> new ChunkCoder(format.with(Predictor.NONE, EncoderSpec.parse("bitcomp"))))
        .withMessageContaining("nvCOMP");
    assertThatExceptionOfType(TesseraException.Invalid.class)
        .isThrownBy(() -> format.with(Predictor.LORENZO, EncoderSpec.RAW));
    assertThatExceptionOfType(TesseraException.Invalid.class)
        .isThrownBy(() -> new ChunkCoder(format).encode(chunk, 1, 4, 9, 0))
        .withMessageContaining("36 f32 values");
  }
}
