package dev.tessera.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.transform.Normalizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class QuantizationFitTest {
  private static final float FILL = 1e20f;

  private static MemorySegment floats(float... values) {
    MemorySegment segment = MemorySegment.ofArray(new byte[4 * values.length]);
    MemorySegment.copy(values, 0, segment, DataType.LE_FLOAT, 0, values.length);
    return segment;
  }

  private static MemorySegment doubles(double... values) {
    MemorySegment segment = MemorySegment.ofArray(new byte[8 * values.length]);
    MemorySegment.copy(values, 0, segment, DataType.LE_DOUBLE, 0, values.length);
    return segment;
  }

  private static Quantization fit(
      String pipeline, DataType type, Normalizer normalizer, MemorySegment values) {
    QuantizationFit fit = new QuantizationFit(PipelineSpec.parse(pipeline), type, normalizer);
    fit.accept(values, 0, values.byteSize() / type.bytes(), 0);
    return fit.finish();
  }

  @Test
  void aShareOfTheRangeLeavesOutWhatIsNotOrdinary() {
    MemorySegment values =
        floats(3, Float.NaN, -5, FILL, Float.POSITIVE_INFINITY, 11, Float.NEGATIVE_INFINITY);
    QuantizationFit fit =
        new QuantizationFit(PipelineSpec.parse("eb=0.125"), DataType.FLOAT32, null)
            .exclude(DataType.FLOAT32.bitsOf(FILL));
    fit.accept(values, 0, 7, 0);
    Quantization numbers = fit.finish();
    assertThat(numbers.offset()).isEqualTo(-5);
    assertThat(numbers.bound()).isEqualTo(2);
    assertThat(numbers.step()).isEqualTo(4 - Math.ulp(11f));
  }

  @Test
  void integersTakeOddSteps() {
    MemorySegment values = MemorySegment.ofArray(new byte[] {(byte) 200, 10, 60});
    Quantization numbers = fit("eb=abs:2.9", DataType.UINT8, null, values);
    assertThat(numbers.offset()).isEqualTo(10);
    assertThat(numbers.bound()).isEqualTo(2);
    assertThat(numbers.step()).isEqualTo(5);
  }

  @Test
  void partsMergeToTheWhole() {
    float[] values = new float[5000];
    Random random = new Random(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    MemorySegment segment = floats(values);
    for (String pipeline : new String[] {"eb=1e-3", "eb=pwrel:1e-3", "reference-eb=0.8"}) {
      PipelineSpec spec = PipelineSpec.parse(pipeline);
      QuantizationFit first = new QuantizationFit(spec, DataType.FLOAT32, null);
      QuantizationFit second = new QuantizationFit(spec, DataType.FLOAT32, null);
      first.accept(segment, 0, 1700, 0);
      second.accept(segment, 1700, 3300, 0);
      first.merge(second);
      assertThat(first.finish()).isEqualTo(fit(pipeline, DataType.FLOAT32, null, segment));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "eb=1e-3",
    "eb=abs:1e-3",
    "eb=abs:1e308",
    "eb=abs:4.9e-324",
    "eb=pwrel:1e-3",
    "reference-eb=0.8",
    "round"
  })
  void extremeFieldsGiveNumbersThatWork(String pipeline) {
    double[][] fields = {
      {Double.MAX_VALUE, -Double.MAX_VALUE},
      {Double.MIN_VALUE, -Double.MIN_VALUE},
      {-0.0},
      {1e-310, 3e-310},
      {Double.NaN},
      {5, 5},
      {1e300, 1e300 + 1e284}
    };
    for (double[] field : fields) {
      Quantization numbers = fit(pipeline, DataType.FLOAT64, null, doubles(field));
      assertThat(Quantization.decode(numbers.requested(), numbers.encode())).isEqualTo(numbers);
      assertThat(1 / Math.copySign(1, numbers.offset()) > 0 || numbers.offset() != 0).isTrue();
    }
  }

  @Test
  void pointwiseSharesBelowATypesResolutionAreRefused() {
    assertThatExceptionOfType(TesseraException.Invalid.class)
        .isThrownBy(() -> fit("eb=pwrel:1e-7", DataType.FLOAT32, null, floats(1, 2)))
        .withMessageContaining("use a larger bound");
    assertThat(fit("eb=pwrel:1e-7", DataType.FLOAT64, null, doubles(1, 2)).bound()).isEqualTo(1e-7);
  }

  @Test
  void aNormalizersRangeCounts() {
    PipelineSpec spec = PipelineSpec.parse("log10,minmax,eb=rel:0.01");
    Normalizer normalizer = spec.appliedNormalizer().fit(DataType.FLOAT32, 1).finish();
    Quantization numbers =
        fit("log10,minmax,eb=rel:0.01", DataType.FLOAT32, normalizer, floats(0, -3, 10, 1e6f));
    assertThat(numbers.offset()).isEqualTo(1);
    assertThat(numbers.bound()).isEqualTo(0.05);
    assertThat(numbers.step()).isBetween(0.0999, 0.1);
  }

  @Test
  void damagedNumbersAreRefused() {
    QuantizerSpec reference = PipelineSpec.parse("reference-eb=0.8").quantizer();
    QuantizerSpec bounded = PipelineSpec.parse("eb=1e-3").quantizer();
    byte[] good = new Quantization(bounded, 1, 2, 3, 1).encode();
    assertThat(good).hasSize(24);
    double[][] bad = {
      {Double.NaN, 1, 1},
      {0, 0, 1},
      {0, -1, 1},
      {0, Double.MIN_VALUE, 1},
      {0, 1, -1},
      {0, Double.POSITIVE_INFINITY, 1},
      {0, 1, Double.NaN}
    };
    for (double[] numbers : bad) {
      byte[] bytes = doubles(numbers).toArray(ValueLayout.JAVA_BYTE);
      assertThatExceptionOfType(TesseraException.Corrupt.class)
          .isThrownBy(() -> Quantization.decode(bounded, bytes));
    }
    for (int length : new int[] {0, 23, 25}) {
      assertThatExceptionOfType(TesseraException.Corrupt.class)
          .isThrownBy(() -> Quantization.decode(bounded, Arrays.copyOf(good, length)));
    }
    assertThatExceptionOfType(TesseraException.Corrupt.class)
        .isThrownBy(() -> Quantization.decode(reference, Arrays.copyOf(good, 32)));
  }
}
