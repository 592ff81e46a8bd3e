package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import org.junit.jupiter.api.Test;

class ZeroFlagsTest {
  @Test
  void derivedFrequenciesAreTheProbabilityOfTheCost() {
    int before = Integer.MAX_VALUE;
    for (long cost = 0; cost < 70_000; cost++) {
      int frequency = ZeroFlags.derived(cost);
      // costs count in steps of 1/1024 of a bit, frequencies are rounded twice
      double exact = 65536 * Math.pow(2, -cost / 4096.0);
      assertThat((double) frequency)
          .isBetween(Math.clamp(exact - 1.6, 1, 65535), Math.clamp(exact * 1.0006, 1, 65535));
      assertThat(frequency).isLessThanOrEqualTo(before);
      before = frequency;
    }
    assertThat(ZeroFlags.derived(Long.MAX_VALUE)).isEqualTo(1);
    assertThat(ZeroFlags.derived(1L << 40)).isEqualTo(1);
  }

  @Test
  void costsAreTheBitsOfAZero() {
    CdfTables tables =
        new CdfTables(
            new int[][] {{0, 65535, 65536}, {0, 32768, 65536}, {0, 1, 65536}, {0, 65536}},
            new int[] {0, 0, 0, 0});
    assertThat(tables.zeroCost(0)).isZero();
    assertThat(tables.zeroCost(1)).isEqualTo(4096);
    assertThat(tables.zeroCost(2)).isEqualTo(65536);
    // the escape may be a zero, but no interval stands for it
    assertThat(tables.zeroCost(3)).isEqualTo(65536);
    CdfTables extreme =
        new CdfTables(
            new int[][] {{0, 9, 65536}, {0, 9, 65536}},
            new int[] {Integer.MIN_VALUE, Integer.MAX_VALUE});
    assertThat(extreme.zeroCost(0)).isEqualTo(65536);
    assertThat(extreme.zeroCost(1)).isEqualTo(65536);
  }

  @Test
  void frequenciesThatLeaveNothingForTheOtherAreRefused() {
    for (int frequency : new int[] {0, -1, 65536, Integer.MAX_VALUE}) {
      assertThatThrownBy(() -> ZeroFlags.stored(new int[] {5, frequency}))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining("1 to 65535");
    }
    int[] frequencies = {1, 65535};
    ZeroFlags flags = ZeroFlags.stored(frequencies);
    frequencies[0] = 7;
    assertThat(flags.frequencies()).containsExactly(1, 65535);
    assertThat(flags).isEqualTo(ZeroFlags.stored(new int[] {1, 65535}));
    assertThat(flags).isNotEqualTo(ZeroFlags.DERIVED);
  }
}
