package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SliceRangesTest {
  private static void assertEqualRanges(SliceRanges a, SliceRanges b, int slices) {
    for (int s = 0; s < slices; s++) {
      assertThat(b.isEmpty(s)).isEqualTo(a.isEmpty(s));
      assertThat(b.isConstant(s)).isEqualTo(a.isConstant(s));
      if (a.isConstant(s)) {
        assertThat(b.constant(s)).isEqualTo(a.constant(s));
      } else if (!a.isEmpty(s)) {
        assertThat(b.affine(s)).isEqualTo(a.affine(s));
      }
    }
  }

  /** Slices of all kinds, from a slow walk to jumps over the whole range of exponents. */
  private static SliceRanges random(Random random, DataType type, int slices) {
    SliceRanges ranges = new SliceRanges(slices);
    double low = random.nextGaussian() * 100;
    double width = 10;
    double wildness = random.nextDouble();
    for (int s = 0; s < slices; s++) {
      if (random.nextDouble() < wildness * 0.2) {
        low = Math.scalb(random.nextGaussian(), random.nextInt(2000) - 1000);
        width = Math.scalb(1.0, random.nextInt(2000) - 1000);
      }
      low += random.nextGaussian() * width * 0.02;
      width *= Math.exp(random.nextGaussian() * 0.05);
      double high = Math.max(Math.nextUp(low), low + width);
      switch (random.nextInt(8)) {
        case 0 -> {}
        case 1 -> ranges.setConstant(s, type.valueOf(type.bitsOf(random.nextInt(3))));
        case 2 -> ranges.setNearest(s, low, width);
        default -> ranges.setEnclosing(s, low, high);
      }
    }
    return ranges;
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void decodesWhatWasEncoded(DataType type) {
    Random random = new Random(type.ordinal());
    for (int round = 0; round < 200; round++) {
      int slices = 1 + random.nextInt(100);
      SliceRanges ranges = random(random, type, slices);
      byte[] bytes = ranges.encode(type);
      SliceRanges back = SliceRanges.decode(type, slices, bytes);
      assertEqualRanges(ranges, back, slices);
      assertThat(back.encode(type)).isEqualTo(bytes);
    }
  }

  @Test
  void enclosesExtremes() {
    double[][] pairs = {
      {-Double.MAX_VALUE, Double.MAX_VALUE},
      {0, Double.MIN_VALUE},
      {-Double.MIN_VALUE, Double.MIN_VALUE},
      {Math.nextDown(Double.MAX_VALUE), Double.MAX_VALUE},
      {1, Math.nextUp(1.0)},
      {-1e308, 1e-308},
      {Double.MIN_VALUE, Double.MAX_VALUE},
      {-Double.MAX_VALUE, -Double.MIN_NORMAL},
      {0, 256},
      {0, 255},
    };
    SliceRanges ranges = new SliceRanges(pairs.length);
    for (int s = 0; s < pairs.length; s++) {
      ranges.setEnclosing(s, pairs[s][0], pairs[s][1]);
    }
    SliceRanges back =
        SliceRanges.decode(DataType.FLOAT64, pairs.length, ranges.encode(DataType.FLOAT64));
    assertEqualRanges(ranges, back, pairs.length);
    for (int s = 0; s < pairs.length; s++) {
      double[] row = pairs[s].clone();
      back.affine(s).forward(row, 2);
      assertThat(Arrays.stream(row)).allMatch(v -> v >= 0 && v <= 1);
      back.affine(s).inverseClamped(row, 2);
      assertThat(row[0]).isLessThan(row[1]);
    }
  }

  @Test
  void wideningIsSmall() {
    Random random = new Random(7);
    int slices = 1000;
    double sum = 0;
    SliceRanges ranges = new SliceRanges(slices);
    for (int s = 0; s < slices; s++) {
      double low = random.nextGaussian();
      double width = Math.exp(random.nextGaussian());
      ranges.setEnclosing(s, low, low + width);
      double ratio = ranges.affine(s).width() / width;
      assertThat(ratio).isBetween(1.0, 1 + 2.0 / 128);
      sum += 20 * Math.log10(ratio);
    }
    assertThat(sum / slices).isBetween(0.0, 0.06);
  }

  @Test
  void powersOfTwoAndByteRangesAreExact() {
    SliceRanges ranges = new SliceRanges(2);
    ranges.setEnclosing(0, 0, 1);
    ranges.setEnclosing(1, 17, 203);
    assertThat(ranges.affine(0)).isEqualTo(new Affine(0, 1, 1));
    assertThat(ranges.affine(1)).isEqualTo(new Affine(17, 186, 1));
  }

  @Test
  void steadySlicesCostNextToNothing() {
    int slices = 100_000;
    SliceRanges ranges = new SliceRanges(slices);
    for (int s = 0; s < slices; s++) {
      ranges.setEnclosing(s, 3, 4);
    }
    byte[] bytes = ranges.encode(DataType.FLOAT32);
    assertThat(bytes.length).isLessThan(slices / 100);
    assertEqualRanges(ranges, SliceRanges.decode(DataType.FLOAT32, slices, bytes), slices);
    byte[] empty = new SliceRanges(slices).encode(DataType.FLOAT32);
    assertThat(empty.length).isLessThan(slices / 100);
    assertThat(SliceRanges.decode(DataType.FLOAT32, slices, empty).isEmpty(slices - 1)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {100_000, 1L << 40, Long.MAX_VALUE})
  void fewBytesCannotClaimManySlices(long slices) {
    assertThatThrownBy(() -> SliceRanges.decode(DataType.FLOAT32, slices, new byte[20]))
        .isInstanceOf(TesseraException.Corrupt.class);
  }

  @Test
  void truncationAndTrailingBytesAreNoticed() {
    SliceRanges ranges = random(new Random(11), DataType.FLOAT32, 60);
    byte[] bytes = ranges.encode(DataType.FLOAT32);
    byte[] cut = Arrays.copyOf(bytes, bytes.length - 8);
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 5);
    for (byte[] bad : new byte[][] {cut, longer}) {
      assertThatThrownBy(() -> SliceRanges.decode(DataType.FLOAT32, 60, bad))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining("damaged");
    }
  }

  @Test
  void noiseIsCorruptOrGivesFiniteMaps() {
    Random random = new Random(13);
    int accepted = 0;
    for (int i = 0; i < 50_000; i++) {
      int slices = 1 + random.nextInt(6);
      byte[] bytes = new byte[random.nextInt(24)];
      random.nextBytes(bytes);
      try {
        SliceRanges ranges = SliceRanges.decode(DataType.FLOAT64, slices, bytes);
        accepted++;
        for (int s = 0; s < slices; s++) {
          if (!ranges.isEmpty(s) && !ranges.isConstant(s)) {
            double[] row = {0, 0.5, 1};
            ranges.affine(s).inverseClamped(row, 3);
            assertThat(Arrays.stream(row)).allMatch(Double::isFinite);
          }
        }
      } catch (TesseraException.Corrupt expected) {
        assertThat(expected).hasMessageContaining("damaged");
      }
    }
    assertThat(accepted).isPositive();
  }
}
