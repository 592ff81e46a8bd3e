package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Errors in both domains against what can be told by hand. */
class EvaluationFieldTest {
  private static final Set<Domain> BOTH = EnumSet.allOf(Domain.class);

  private static Map<Domain, DomainQuality> compare(
      float[] original, float[] restored, long... dims) throws IOException {
    return EvaluationField.of("f", Field.of(original, dims), BOTH)
        .compare(Field.of(restored, dims));
  }

  @Test
  void errorsOfValuesAndOfTheirLogarithms() throws IOException {
    Map<Domain, DomainQuality> quality =
        compare(new float[] {1, 10, 100, 1000}, new float[] {1, 10, 1000, 1000}, 2, 2);

    DomainQuality linear = quality.get(Domain.LINEAR);
    assertThat(linear.metrics().rmse()).isCloseTo(450, within(1e-9));
    assertThat(linear.metrics().range()).isEqualTo(999);
    assertThat(linear.ssim()).isNaN();
    DomainQuality log10 = quality.get(Domain.LOG10);
    assertThat(log10.metrics().rmse()).isCloseTo(0.5, within(1e-6));
    assertThat(log10.metrics().maxError()).isCloseTo(1, within(1e-6));
    assertThat(log10.metrics().psnr()).isCloseTo(20 * Math.log10(3 / 0.5), within(1e-5));
  }

  @Test
  void logarithmsAreThoseOfPositiveValues() throws IOException {
    Map<Domain, DomainQuality> quality =
        compare(
            new float[] {-5, 0, 0.1f, 10, Float.NaN, 100}, // 2 × 3
            new float[] {-5, 7, -3, 10, Float.NaN, 100},
            2,
            3);

    assertThat(quality.get(Domain.LINEAR).metrics().values()).isEqualTo(5);
    // what came back as −3 counts as the least positive value, which it was
    assertThat(quality.get(Domain.LOG10).metrics().values()).isEqualTo(3);
    assertThat(quality.get(Domain.LOG10).metrics().rmse()).isZero();
  }

  @Test
  void fillValuesTakeNoPart() throws IOException {
    FieldInfo info = FieldInfo.of("", DataType.FLOAT32, Shape.of(1, 3)).withFill(1e20);
    Field original = Field.allocate(info);
    Field restored = Field.allocate(info);
    for (int i = 0; i < 3; i++) {
      info.type().set(original.data(), i, i == 2 ? 1e20 : 1 + i);
      info.type().set(restored.data(), i, 1 + i);
    }

    DomainQuality quality =
        EvaluationField.of("f", original, EnumSet.of(Domain.LINEAR))
            .compare(restored)
            .get(Domain.LINEAR);

    assertThat(quality.metrics().values()).isEqualTo(2);
    assertThat(quality.metrics().max()).isEqualTo(2);
    assertThat(quality.metrics().rmse()).isZero();
  }

  /**
   * Where the error is a factor, a density's peaks decide its linear error but not that of log10.
   */
  @Test
  void similarityIsThatOfTheDomain() throws IOException {
    int side = 24;
    float[] original = new float[side * side];
    float[] restored = new float[side * side];
    for (int i = 0; i < original.length; i++) {
      double log = Math.sin(i / side * 0.5) + Math.cos(i % side * 0.4);
      original[i] = (float) Math.pow(10, 2 * log);
      restored[i] = (float) Math.pow(10, 2 * log + (original[i] < 1 ? 0.7 * (i % 2 * 2 - 1) : 0));
    }

    Map<Domain, DomainQuality> quality = compare(original, restored, side, side);

    assertThat(quality.get(Domain.LINEAR).ssim()).isGreaterThan(0.99);
    assertThat(quality.get(Domain.LOG10).ssim()).isLessThan(0.95);
  }

  @Test
  void refusesFieldsWithoutValues() {
    assertThatThrownBy(() -> EvaluationField.of("f", Field.of(new float[] {-1, 0}, 2), BOTH))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("f holds no value above 0");
    assertThatThrownBy(() -> EvaluationField.of("f", Field.of(new float[] {Float.NaN}, 1), BOTH))
        .hasMessage("field f holds no finite value");
    assertThatThrownBy(() -> Domain.parse("ln"))
        .hasMessage("'ln' is no domain: errors are measured in linear and log10");
  }
}
