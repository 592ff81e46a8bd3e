package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.Quantization;
import dev.tessera.pipeline.QuantizationFit;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the host tells the kernels, above all where they need not look at the restored value. */
class CudaPipelineParametersTest {
  private static final int QUICK_REACH = 48;
  private static final int QUICK_RESIDUAL = 56;
  private static final int FLAGS = 140;
  private static final int ALIGNED_ROWS = 1;
  private static final int QUICK_AFFINE = 2;
  private static final int QUICK_IDENTITY = 8;
  private static final int VALUES = 20_000;

  private final SplittableRandom random = new SplittableRandom(31);

  private static ChunkFormat format(
      String pipeline, DataType type, MemorySegment values, OptionalLong fill) {
    PipelineSpec spec = PipelineSpec.parse(pipeline);
    QuantizationFit fit = new QuantizationFit(spec, type, null);
    fit.accept(values, 0, values.byteSize() / type.bytes(), 0);
    return new ChunkFormat(type, null, fit.finish(), spec.predictor(), spec.encoder(), fill);
  }

  private static MemorySegment parameters(ChunkFormat format, CudaPipelineGeometry geometry) {
    DeviceBuffer values = new DeviceBuffer(1 << 20, geometry.span() * format.type().bytes());
    return new CudaPipelineParameters(format).of(geometry, 1, values, null, 0);
  }

  private static final CudaPipelineGeometry ALIGNED =
      CudaPipelineGeometry.field(20, 30, 64, 8, 16, 32);

  private static boolean hasFlag(MemorySegment parameters, int flag) {
    return (parameters.get(JAVA_INT, FLAGS) & flag) != 0;
  }

  @ParameterizedTest
  @CsvSource({
    "eb=rel:1e-3, 1, 0",
    "eb=rel:1e-3, 1e13, 0",
    "eb=rel:1e-3, 1, 1000",
    "eb=rel:1e-5, 3e-30, 0",
    "eb=rel:1e-6, 1, 0.5",
    "eb=rel:2e-7, 1, 0",
    "eb=abs:1e-2, 100, -7e3",
    "eb=abs:0.5, 1e5, 3e8",
    "round, 1e6, 0",
  })
  void quickValuesKeepTheBound(String pipeline, double scale, double centre) {
    float[] x = new float[VALUES];
    for (int i = 0; i < VALUES; i++) {
      x[i] = (float) (centre + scale * (random.nextDouble() - 0.5));
    }
    MemorySegment values = MemorySegment.ofArray(x);
    ChunkFormat format =
        format(pipeline + ",lorenzo1,bitpack", DataType.FLOAT32, values, OptionalLong.empty());
    MemorySegment parameters = parameters(format, ALIGNED);
    int quick = 0;
    for (float value : x) {
      quick += requireQuickIsSafe(format.quantization(), parameters, value) ? 1 : 0;
    }
    // all but a few, unless the bound is finer than float32 itself
    boolean resolved = format.quantization().bound() > Math.ulp((float) (scale + Math.abs(centre)));
    assertThat(quick).isGreaterThanOrEqualTo(resolved ? VALUES * 95 / 100 : 0);
    assertThat(hasFlag(parameters, QUICK_AFFINE) || !resolved).isTrue();
    for (int i = 0; i < VALUES; i++) {
      requireQuickIsSafe(format.quantization(), parameters, Float.intBitsToFloat(random.nextInt()));
    }
  }

  /** Whether the kernels take a value's symbol without a look at what it restores to. */
  private static boolean requireQuickIsSafe(
      Quantization numbers, MemorySegment parameters, float x) {
    double t = ((double) x - numbers.offset()) * (1 / numbers.step());
    double q = Math.rint(t);
    boolean quick =
        Math.abs(x) <= (float) parameters.get(JAVA_DOUBLE, QUICK_REACH)
            && Math.abs(t - q) < parameters.get(JAVA_DOUBLE, QUICK_RESIDUAL);
    if (quick) {
      float restored = (float) (numbers.offset() + q * numbers.step());
      assertThat(Math.abs(q)).isLessThan(0x1p30);
      assertThat(new BigDecimal(x).subtract(new BigDecimal(restored)).abs())
          .isLessThanOrEqualTo(new BigDecimal(numbers.bound()));
    }
    return quick;
  }

  @Test
  void fillValueWithinReachRulesTheQuickPathOut() {
    MemorySegment values = MemorySegment.ofArray(new float[] {0, 1, 2, 3});
    String pipeline = "eb=rel:1e-3,none,bitpack";
    long near = DataType.FLOAT32.bitsOf(2.5);
    long far = DataType.FLOAT32.bitsOf(1e20);
    assertThat(
            hasFlag(
                parameters(
                    format(pipeline, DataType.FLOAT32, values, OptionalLong.of(near)), ALIGNED),
                QUICK_AFFINE))
        .isFalse();
    assertThat(
            hasFlag(
                parameters(
                    format(pipeline, DataType.FLOAT32, values, OptionalLong.of(far)), ALIGNED),
                QUICK_AFFINE))
        .isTrue();
  }

  @Test
  void onlyWholeSymbolsOfInt32AreTakenAsTheyAre() {
    MemorySegment values = MemorySegment.ofArray(new int[] {-5, 7});
    assertThat(
            hasFlag(
                parameters(
                    format("round,none,bitpack", DataType.INT32, values, OptionalLong.empty()),
                    ALIGNED),
                QUICK_IDENTITY))
        .isTrue();
    assertThat(
            hasFlag(
                parameters(
                    format("eb=abs:2,none,bitpack", DataType.INT32, values, OptionalLong.empty()),
                    ALIGNED),
                QUICK_IDENTITY))
        .isFalse();
  }

  @Test
  void rowsAreAlignedOnlyWhereTheGeometrySaysSo() {
    ChunkFormat format =
        format(
            "eb=rel:1e-3,none,bitpack",
            DataType.FLOAT32,
            MemorySegment.ofArray(new float[] {0, 1}),
            OptionalLong.empty());
    assertThat(hasFlag(parameters(format, ALIGNED), ALIGNED_ROWS)).isTrue();
    assertThat(
            hasFlag(
                parameters(format, CudaPipelineGeometry.field(20, 30, 62, 8, 16, 32)),
                ALIGNED_ROWS))
        .isFalse();
    assertThat(
            hasFlag(
                parameters(format, CudaPipelineGeometry.chunks(3, 20 * 30 * 64 + 2, 20, 30, 64)),
                ALIGNED_ROWS))
        .isFalse();
  }

  @Test
  void geometryCountsChunksAndTheirBlocks() {
    assertThat(CudaPipelineGeometry.field(512, 512, 512, 64, 128, 128).chunks()).isEqualTo(128);
    assertThat(CudaPipelineGeometry.field(512, 512, 512, 64, 128, 128).mostBlocks()).isEqualTo(256);
    // the last chunk has one plane only, of which the blocks are flat
    assertThat(CudaPipelineGeometry.field(9, 16, 320, 8, 16, 320).mostBlocks()).isEqualTo(10);
    assertThat(CudaPipelineGeometry.chunks(512, 12288, 1, 1, 12288).mostBlocks()).isEqualTo(3);
    assertThatThrownBy(() -> CudaPipelineGeometry.chunks(2, 11, 1, 3, 4))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("every 11 values");
  }

  @Test
  void theDeviceSaysWhatItLeavesToTheCpu() {
    MemorySegment values = MemorySegment.ofArray(new float[] {0, 1});
    assertThat(
            CudaPipeline.unsupported(
                format("eb=rel:1e-3,none,raw", DataType.FLOAT32, values, OptionalLong.empty())))
        .hasValueSatisfying(reason -> assertThat(reason).contains("raw"));
    assertThat(
            CudaPipeline.unsupported(
                format("eb=rel:1e-3,none,bitpack", DataType.FLOAT32, values, OptionalLong.empty())))
        .isEmpty();
  }
}
