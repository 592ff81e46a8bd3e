package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.QuantizationFit;
import dev.tessera.transform.NaturalLogarithm;
import dev.tessera.transform.Normalizer;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** How a normalizer is handed to the kernels. */
class CudaNormalizerParametersTest {
  private static final int NORMALIZER = 144;
  private static final int MAP = NORMALIZER + 16;
  private static final int MAPS = NORMALIZER + 48;
  private static final int SCALES = NORMALIZER + 56;
  private static final int LOGARITHMS = NORMALIZER + 184;
  private static final int KINDS = NORMALIZER + 312;
  private static final int STAGES = NORMALIZER + 376;
  private static final int FLAGS = NORMALIZER + 380;
  private static final int AFFINE = 1;
  private static final int CLAMPS = 2;

  private static final CudaPipelineGeometry GEOMETRY =
      CudaPipelineGeometry.chunks(2, 1024, 3, 4, 8);
  private static final DeviceBuffer VALUES = new DeviceBuffer(1 << 20, 1 << 20);
  private static final DeviceBuffer TABLE =
      new DeviceBuffer(1 << 21, CudaPlaneMaps.bytes(GEOMETRY));

  private static ChunkFormat format(String pipeline, double... slices) {
    PipelineSpec spec = PipelineSpec.parse(pipeline);
    Normalizer.Fit fit = spec.appliedNormalizer().fit(DataType.FLOAT32, slices.length);
    for (int s = 0; s < slices.length; s++) {
      fit.accept(s, new double[] {slices[s], 1}, 2);
    }
    Normalizer normalizer = fit.finish();
    QuantizationFit numbers = new QuantizationFit(spec, DataType.FLOAT32, normalizer);
    numbers.accept(MemorySegment.ofArray(new float[] {1, 5}), 0, 2, 0);
    return new ChunkFormat(
        DataType.FLOAT32,
        normalizer,
        numbers.finish(),
        spec.predictor(),
        spec.encoder(),
        OptionalLong.empty());
  }

  private static MemorySegment parameters(ChunkFormat format, DeviceBuffer maps) {
    return new CudaPipelineParameters(format).of(GEOMETRY, 1, VALUES, maps, 0);
  }

  @Test
  void stagesStandInOrder() {
    MemorySegment p =
        parameters(format("log1p,asinh:0.25,log10,eb=abs:0.01,none,bitpack", 3), null);
    assertThat(p.byteSize()).isEqualTo(NORMALIZER + 384);
    assertThat(p.get(JAVA_INT, STAGES)).isEqualTo(3);
    assertThat(p.asSlice(KINDS, 12).toArray(JAVA_INT)).containsExactly(2, 3, 1);
    assertThat(p.get(JAVA_DOUBLE, SCALES + 8)).isEqualTo(0.25);
    assertThat(p.get(JAVA_DOUBLE, LOGARITHMS + 8)).isEqualTo(NaturalLogarithm.of(0.25));
    assertThat(p.get(JAVA_INT, FLAGS)).isZero();
    assertThat(p.get(JAVA_LONG, MAPS)).isZero();
    // log10 takes what the others make of values above 0
    assertThat(p.get(JAVA_DOUBLE, NORMALIZER)).isPositive().isLessThan(1e-300);
    assertThat(p.get(JAVA_DOUBLE, NORMALIZER + 8)).isEqualTo(Double.MAX_VALUE);
  }

  @Test
  void aMapOfTheWholeFieldStandsInTheParameters() {
    MemorySegment p = parameters(format("meanstd:field,eb=abs:0.01,none,bitpack", 3), null);
    assertThat(p.asSlice(MAP, 32).toArray(JAVA_DOUBLE)).containsExactly(2, 1, 1, 1);
    assertThat(p.get(JAVA_INT, FLAGS)).isEqualTo(AFFINE);
  }

  @Test
  void mapsOfSlicesStandInATable() {
    ChunkFormat format = format("minmax:slice,eb=abs:0.01,none,bitpack", 5, 1, 0x1p1023, 9);
    MemorySegment p = parameters(format, TABLE);
    assertThat(p.get(JAVA_INT, FLAGS)).isEqualTo(AFFINE | CLAMPS);
    assertThat(p.get(JAVA_LONG, MAPS)).isEqualTo(TABLE.address());
    double[] table = new double[4 * 4];
    CudaPlaneMaps.put(MemorySegment.ofArray(table), 0, format.normalizer(), 0, 4);
    // offset, width, factor and its inverse
    assertThat(table).startsWith(1, 4, 1, 1);
    // one value only: it comes back as it is
    assertThat(table).containsSubsequence(1, 0, 0, 0);
    // so large that sums are taken on quarters
    assertThat(table[10]).isEqualTo(0.25);
    assertThat(table[11]).isEqualTo(4);
  }

  @Test
  void aTableThatLacksPlanesIsRefused() {
    ChunkFormat format = format("meanstd:slice,eb=abs:0.01,none,bitpack", 5, 6);
    for (DeviceBuffer table : new DeviceBuffer[] {null, TABLE.slice(0, 32)}) {
      assertThatThrownBy(() -> parameters(format, table))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessage("the normalizer meanstd:slice needs the limits of all 6 planes");
    }
  }

  @Test
  void normalizersHaveKernelsOfTheirOwn() {
    KernelSource source =
        CudaPipelineParameters.source("integers.cu", format("log10,eb=abs:0.01,none,bitpack", 3));
    assertThat(source.options()).containsExactly("-DNORMALIZED=1");
    assertThat(KernelCatalog.SOURCES).contains(source, KernelSource.of("integers.cu"));
  }
}
