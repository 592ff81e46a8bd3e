package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NormalizerSpecTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "none|none|1",
        "minmax|minmax:slice|1",
        "minmax:field|minmax:field|1",
        "LOG10, MinMax|log10,minmax:slice|2",
        "meanstd:slice|meanstd:slice|1",
        "range|range|1",
        "range:0:255|range:0:255|6",
        "range:-1.50:1e3|range:-1.5:1000|9",
        "asinh:1|asinh|1",
        "asinh:0.1,meanstd:field|asinh:0.1,meanstd:field|11",
        "log1p,log1p,asinh:+2.|log1p,log1p,asinh:2|5",
        "range:.5:1.7976931348623157e308|range:0.5:1.7976931348623157E308|15",
      })
  void parsesPrintsAndEncodes(String text, String canonical, int bytes) {
    NormalizerSpec spec = NormalizerSpec.parse(text);
    assertThat(spec).hasToString(canonical);
    assertThat(NormalizerSpec.parse(canonical)).isEqualTo(spec).hasSameHashCodeAs(spec);
    assertThat(spec.encode()).hasSize(bytes);
    assertThat(NormalizerSpec.decode(spec.encode())).isEqualTo(spec).hasToString(canonical);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "log",
        "log10,",
        "minmax,log10",
        "minmax,minmax",
        "range,minmax",
        "none,log10",
        "log10,none",
        "minmax:plane",
        "minmax:slice:field",
        "minmax:0:1",
        "range:0",
        "range:1:1",
        "range:2:1",
        "range:0:1:2",
        "range:nan:1",
        "range:0:1e999",
        "range:0x1p3:9",
        "range:0:1d",
        "asinh:0",
        "asinh:-1",
        "asinh:1e-320",
        "asinh:",
        "asinh:1:2",
        "log10:2",
        "log10,range",
        "log10,log10,log10,log10,log10,log10,log10,log10,log10,log10,log10,log10,log10,log10,"
            + "log10,log10,log10"
      })
  void refusesWhatTheGrammarDoesNotAllow(String text) {
    assertThatThrownBy(() -> NormalizerSpec.parse(text))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("minmax[:slice|:field]");
  }

  @Test
  void stagesTellKindScopeAndArguments() {
    assertThat(NormalizerSpec.parse("asinh:3,minmax:field").stages())
        .containsExactly(
            new NormalizerSpec.Stage(
                NormalizerSpec.Kind.ASINH, NormalizerSpec.Scope.FIELD, List.of(3.0)),
            new NormalizerSpec.Stage(
                NormalizerSpec.Kind.MINMAX, NormalizerSpec.Scope.FIELD, List.of()));
    assertThat(Arrays.stream(NormalizerSpec.Kind.values()).map(NormalizerSpec.Kind::id))
        .containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void onlyMeasuringStagesNeedAFit() {
    assertThat(NormalizerSpec.parse("none").needsFit()).isFalse();
    assertThat(NormalizerSpec.parse("log10,range:0:1").needsFit()).isFalse();
    assertThat(NormalizerSpec.parse("asinh").needsFit()).isFalse();
    assertThat(NormalizerSpec.parse("log10,minmax").needsFit()).isTrue();
    assertThat(NormalizerSpec.parse("meanstd:field").needsFit()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "none,-1.7976931348623157e308,1.7976931348623157e308",
    "log10,4.9e-324,1.7976931348623157e308",
    "log1p,-0.9999999999999999,1.7976931348623157e308",
    "range:-2:5,-2,5",
    "range,0,1",
    "'log1p,log10,range:0:1',1.7182818284590453,22025.465794806718",
  })
  void domainHasExactLimits(String text, double lowest, double highest) {
    NormalizerSpec spec = NormalizerSpec.parse(text);
    DataType type = DataType.FLOAT64;
    for (double value : new double[] {lowest, highest}) {
      double slack = text.contains(",") ? 1e-12 * value : 0;
      assertThat(spec.inDomain(type, value + slack * (value == lowest ? 1 : -1))).isTrue();
    }
    double slack = text.contains(",") ? 1e-12 : 0;
    assertThat(spec.inDomain(type, Math.nextDown(lowest - slack * lowest))).isFalse();
    assertThat(spec.inDomain(type, Math.nextUp(highest + slack * highest))).isFalse();
    assertThat(spec.inDomain(type, Double.NaN)).isFalse();
    assertThat(spec.inDomain(type, Double.POSITIVE_INFINITY)).isFalse();
    assertThat(spec.inDomain(type, Double.NEGATIVE_INFINITY)).isFalse();
  }

  @Test
  void anImpossibleChainAcceptsNothing() {
    NormalizerSpec spec = NormalizerSpec.parse("log10,range:400:500");
    for (double value : new double[] {-1, 0, 1, 1e300, Double.MAX_VALUE}) {
      assertThat(spec.inDomain(DataType.FLOAT64, value)).isFalse();
    }
  }

  @Test
  void hostileBytesAreCorruptOrAnAllowedSpecification() {
    Random random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(24)];
      random.nextBytes(bytes);
      if (bytes.length > 0 && random.nextBoolean()) {
        bytes[0] = (byte) (random.nextInt(8) | random.nextInt(16) << 4);
      }
      try {
        NormalizerSpec spec = NormalizerSpec.decode(bytes);
        assertThat(NormalizerSpec.parse(spec.toString())).isEqualTo(spec);
      } catch (TesseraException.Corrupt expected) {
        assertThat(expected).hasMessageContaining("normalizer");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0x00, 0x07, 0x1f, 0x21, 0x41, 0x45, 0x81, 0x44, 0x24})
  void singleBadBytesAreCorrupt(int code) {
    byte[] bytes = code == 0 ? new byte[] {0, 0} : new byte[] {(byte) code};
    assertThatThrownBy(() -> NormalizerSpec.decode(bytes))
        .isInstanceOf(TesseraException.Corrupt.class);
  }
}
