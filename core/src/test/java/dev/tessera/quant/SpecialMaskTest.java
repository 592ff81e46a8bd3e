package dev.tessera.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class SpecialMaskTest {
  private static final SpecialValues VALUES = new SpecialValues(List.of(0x7fL, 0x11L));

  @ParameterizedTest
  @EnumSource(DataType.class)
  void randomMasksComeBack(DataType type) {
    Random random = new Random(1);
    for (int trial = 0; trial < 50; trial++) {
      int cols = 1 + random.nextInt(20);
      int rows = 1 + random.nextInt(20);
      int planes = 1 + random.nextInt(3);
      SpecialMask mask = SpecialMask.empty(planes * rows * cols);
      for (int i = 0; i < mask.classes().length; i++) {
        if (random.nextInt(1 + trial) == 0) {
          mask.classes()[i] = (byte) random.nextInt(4);
          long bits = random.nextLong() >>> (64 - 8 * type.bytes());
          mask.bits()[i] = mask.classAt(i) == VALUES.otherClass() ? bits : 0;
        }
      }
      byte[] coded = mask.encode(cols, rows * cols, VALUES, type);
      SpecialMask back =
          SpecialMask.decode(coded, planes * rows * cols, cols, rows * cols, VALUES, type);
      assertThat(back.classes()).isEqualTo(mask.classes());
      assertThat(back.bits()).isEqualTo(mask.bits());
    }
  }

  @Test
  void theSameGapInEveryPlaneCostsNextToNothing() {
    SpecialMask one = SpecialMask.empty(128 * 128);
    SpecialMask three = SpecialMask.empty(3 * 128 * 128);
    for (int p = 0; p < 3; p++) {
      for (int r = 40; r < 90; r++) {
        for (int c = 30 + r / 9; c < 100; c++) {
          three.classes()[(p * 128 + r) * 128 + c] = 1;
          one.classes()[r * 128 + c] = 1;
        }
      }
    }
    int single = one.encode(128, 128 * 128, VALUES, DataType.FLOAT32).length;
    int triple = three.encode(128, 128 * 128, VALUES, DataType.FLOAT32).length;
    assertThat(triple).isLessThanOrEqualTo(single + 4);
    // 70 values of the first row of the gap one by one, later rows two changes each at most
    assertThat(single).isLessThan(2 * 70 + 50 * 4);
  }

  @Test
  void damagedMasksAreCorrupt() {
    SpecialMask mask = SpecialMask.empty(64);
    mask.classes()[5] = 1;
    mask.classes()[17] = 3;
    byte[] good = mask.encode(8, 64, VALUES, DataType.FLOAT32);
    Random random = new Random(2);
    for (int trial = 0; trial < 2000; trial++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      try {
        SpecialMask.decode(bad, 64, 8, 64, VALUES, DataType.FLOAT32);
      } catch (TesseraException.Corrupt e) {
        continue;
      }
    }
    assertThatThrownBy(() -> SpecialMask.decode(new byte[0], 64, 8, 64, VALUES, DataType.FLOAT32))
        .isInstanceOf(TesseraException.Corrupt.class);
    byte[] longer = java.util.Arrays.copyOf(good, good.length + 1);
    if (good[0] == 0) {
      assertThatThrownBy(() -> SpecialMask.decode(longer, 64, 8, 64, VALUES, DataType.FLOAT32))
          .isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @Test
  void theMostFrequentPatternsGetNumbers() {
    SpecialValues.Counter counter = new SpecialValues.Counter();
    for (int i = 0; i < 1000; i++) {
      counter.add(i % 500);
      counter.add(7);
    }
    SpecialValues chosen = counter.choose();
    assertThat(chosen.patterns()).hasSize(SpecialValues.MAX_PATTERNS);
    assertThat(chosen.classOf(7)).isEqualTo(1);
    assertThat(chosen.pattern(1)).isEqualTo(7);
    assertThat(chosen.classOf(499)).isEqualTo(chosen.otherClass());
    assertThat(counter.total()).isEqualTo(2000);
    assertThat(counter.outside(chosen)).isEqualTo(2 * 250);
  }
}
