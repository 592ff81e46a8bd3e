package dev.tessera.field;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Shapes, types, fields in memory and metrics. */
final class ValuesTest {
  @Test
  void shapesKnowTheirSlices() {
    assertThat(Shape.of(5, 4, 3, 2).slices()).isEqualTo(20);
    assertThat(Shape.of(7).height()).isEqualTo(1);
    assertThat(Shape.of().elements()).isEqualTo(1);
    assertThat(Shape.of()).hasToString("scalar");
    assertThat(Shape.parse("48x128x128"))
        .isEqualTo(Shape.of(48, 128, 128))
        .hasToString("48x128x128");
    assertThatThrownBy(() -> Shape.of(3, 0)).isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> Shape.of(1L << 40, 1L << 40)).hasMessageContaining("2^63");
    assertThatThrownBy(() -> Shape.parse("4xx4")).hasMessageContaining("48x128x128");
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void typesRoundClampAndKeepBits(DataType type) {
    MemorySegment data = MemorySegment.ofArray(new byte[4 * type.bytes()]);
    type.set(data, 1, type.max() * 2);
    type.set(data, 2, -type.max() * 2 - 1);
    type.set(data, 3, 2.5);
    assertThat(type.get(data, 0)).isZero();
    if (type.isFloat()) {
      assertThat(type.get(data, 3)).isEqualTo(2.5);
    } else {
      assertThat(type.get(data, 1)).isEqualTo(type.max());
      assertThat(type.get(data, 2)).isEqualTo(type.min());
      assertThat(type.get(data, 3)).isEqualTo(2);
    }
    long bits = type.getBits(data, 1);
    type.setBits(data, 0, bits);
    assertThat(type.get(data, 0)).isEqualTo(type.get(data, 1));
    assertThat(type.valueOf(type.bitsOf(1))).isEqualTo(1);
    double[] row = new double[3];
    type.read(data, 1, row, 3);
    assertThat(row[2]).isEqualTo(type.get(data, 3));
    type.write(data, 0, new double[] {3, 2, 1}, 3);
    assertThat(type.get(data, 0)).isEqualTo(3);
    assertThat(DataType.parse(type.code())).isEqualTo(type);
    assertThat(DataType.parse(type.name().toLowerCase(java.util.Locale.ROOT))).isEqualTo(type);
  }

  @Test
  void boxesOfFieldsAreReadAndWritten() {
    Field field = Field.allocate(FieldInfo.of("", DataType.INT32, Shape.of(3, 4, 5)));
    MemorySegment box = MemorySegment.ofArray(new int[] {1, 2, 3, 4});
    field.write(2, 1, 2, 3, 2, box);
    assertThat(field.get((2 * 4 + 1) * 5 + 3)).isEqualTo(1);
    assertThat(field.get((2 * 4 + 2) * 5 + 4)).isEqualTo(4);
    MemorySegment back = MemorySegment.ofArray(new int[4]);
    field.read(2, 1, 2, 3, 2, back);
    assertThat(back.mismatch(box)).isEqualTo(-1);
    assertThatThrownBy(() -> field.read(3, 0, 1, 0, 1, back))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> new Field(field.info(), back))
        .isInstanceOf(TesseraException.Invalid.class);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment confined = arena.allocate(field.info().bytes(), 4);
      assertThatThrownBy(() -> new Field(field.info(), confined))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("several threads");
    }
  }

  @Test
  void metricsFollowTheirDefinitions() {
    Metrics.Accumulator all = new Metrics.Accumulator(DataType.FLOAT32, OptionalLong.empty());
    all.add(
        MemorySegment.ofArray(new float[] {0, 10, Float.NaN, 4}),
        MemorySegment.ofArray(new float[] {1, 10, Float.NaN, 1}),
        4);
    Metrics m = all.metrics();
    assertThat(m.values()).isEqualTo(3);
    assertThat(m.rmse()).isEqualTo(Math.sqrt(10.0 / 3));
    assertThat(m.nrmse()).isEqualTo(Math.sqrt(10.0 / 3) / 10);
    assertThat(m.psnr())
        .isCloseTo(
            20 * Math.log10(10 / Math.sqrt(10.0 / 3)), org.assertj.core.data.Offset.offset(1e-9));
    assertThat(m.maxError()).isEqualTo(3);
    assertThat(m.specials()).isEqualTo(1);
    assertThat(m.specialsChanged()).isZero();
  }

  @Test
  void aValueThatBecomesNanIsAnInfiniteError() {
    Metrics.Accumulator all = new Metrics.Accumulator(DataType.FLOAT64, OptionalLong.empty());
    all.add(
        MemorySegment.ofArray(new double[] {1, 2}),
        MemorySegment.ofArray(new double[] {1, Double.NaN}),
        2);
    assertThat(all.metrics().maxError()).isInfinite();
    all.merge(all);
    assertThat(all.metrics().rmse()).isInfinite();
    assertThat(all.metrics().psnr()).isEqualTo(Double.NEGATIVE_INFINITY);
  }

  @Test
  void fillValuesCountAsSpecialBitForBit() {
    OptionalLong fill = OptionalLong.of(DataType.INT16.bitsOf(-9999));
    Metrics.Accumulator all = new Metrics.Accumulator(DataType.INT16, fill);
    all.add(
        MemorySegment.ofArray(new short[] {-9999, 5, -9999}),
        MemorySegment.ofArray(new short[] {-9999, 5, -9998}),
        3);
    assertThat(all.metrics().specials()).isEqualTo(2);
    assertThat(all.metrics().specialsChanged()).isEqualTo(1);
    assertThat(all.metrics().psnr()).isInfinite();
  }

  @Test
  void metricsHoldAtEveryMagnitude() {
    for (double unit : new double[] {1e-200, 1, 1e150, 1e307, 1.7e308}) {
      Metrics.Accumulator one = new Metrics.Accumulator(DataType.FLOAT64, OptionalLong.empty());
      Metrics.Accumulator two = new Metrics.Accumulator(DataType.FLOAT64, OptionalLong.empty());
      one.add(
          MemorySegment.ofArray(new double[] {-unit, unit}),
          MemorySegment.ofArray(new double[] {-unit, 0.5 * unit}),
          2);
      two.add(
          MemorySegment.ofArray(new double[] {0}), MemorySegment.ofArray(new double[] {unit}), 1);
      one.merge(two);
      Metrics m = one.metrics();
      double rmse = Math.sqrt(1.25 / 3);
      assertThat(m.rmse() / unit).isCloseTo(rmse, org.assertj.core.data.Offset.offset(1e-12));
      assertThat(m.nrmse()).isCloseTo(rmse / 2, org.assertj.core.data.Offset.offset(1e-12));
      assertThat(m.psnr())
          .isCloseTo(20 * Math.log10(2 / rmse), org.assertj.core.data.Offset.offset(1e-9));
    }
  }
}
