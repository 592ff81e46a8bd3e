package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CdfTablesTest {
  private static final int[][] TABLES = {{0, 65536}, {0, 1, 65536}, {0, 30000, 65535, 65536}};

  @Test
  void givesBackWhatItWasMadeOf() {
    CdfTables tables = new CdfTables(TABLES, new int[] {7, -3, 0});
    assertThat(tables.count()).isEqualTo(3);
    for (int t = 0; t < 3; t++) {
      assertThat(tables.cdf(t)).containsExactly(TABLES[t]);
      assertThat(tables.length(t)).isEqualTo(TABLES[t].length);
    }
    assertThat(tables.offset(1)).isEqualTo(-3);
  }

  @Test
  void doesNotChangeWithTheArraysItWasMadeOf() {
    int[][] cdfs = {{0, 5, 65536}};
    int[] offsets = {1};
    CdfTables tables = new CdfTables(cdfs, offsets);
    cdfs[0][1] = 9;
    offsets[0] = 2;
    tables.cdf(0)[1] = 10;
    assertThat(tables.cdf(0)).containsExactly(0, 5, 65536);
    assertThat(tables.offset(0)).isEqualTo(1);
  }

  @Test
  void readsPaddedRows() {
    int[] padded = {0, 65536, 0, 0, 0, 9, 65536, 77};
    CdfTables tables = CdfTables.ofPadded(padded, 4, new int[] {2, 3}, new int[] {0, -1});
    assertThat(tables.cdf(0)).containsExactly(0, 65536);
    assertThat(tables.cdf(1)).containsExactly(0, 9, 65536);
  }

  @Test
  void findsTheIntervalOfEverySlot() {
    int[][] cdfs = {
      {0, 65536}, {0, 1, 2, 3, 65000, 65001, 65536}, everyCount(), random(300), random(3131)
    };
    CdfTables tables = new CdfTables(cdfs, new int[cdfs.length]);
    for (int t = 0; t < cdfs.length; t++) {
      int symbol = 0;
      for (int slot = 0; slot < 65536; slot++) {
        while (cdfs[t][symbol + 1] <= slot) {
          symbol++;
        }
        long interval = tables.interval(t, slot);
        long expected =
            (long) (cdfs[t][symbol + 1] - cdfs[t][symbol]) << 32
                | (long) cdfs[t][symbol] << 16
                | symbol;
        if (interval != expected) {
          fail("table %d slot %d: %x instead of %x", t, slot, interval, expected);
        }
      }
    }
  }

  @Test
  void reciprocalsDivideExactly() {
    Random random = new Random(1);
    for (int frequency = 1; frequency < 65536; frequency += frequency < 70 ? 1 : 37) {
      CdfTables tables = new CdfTables(new int[][] {{0, 65536 - frequency, 65536}}, new int[] {0});
      // the states around multiples of the frequency are where a reciprocal fails first
      long most = ((long) frequency << 47) - 1;
      for (int i = 0; i < 40; i++) {
        long quotient = random.nextLong(1L << 46) + 1;
        long state = Math.min(most, quotient * frequency - (i & 1));
        assertThat(put(tables, 1, state))
            .isEqualTo((state / frequency << 16) + state % frequency + 65536 - frequency);
      }
      assertThat(put(tables, 1, most))
          .isEqualTo((most / frequency << 16) + most % frequency + 65536 - frequency);
    }
  }

  @Test
  void countsBits() {
    CdfTables tables = new CdfTables(new int[][] {{0, 32768, 49152, 65536}}, new int[] {-1});
    assertThat(tables.bits(0, -1)).isEqualTo(1, within(1e-12));
    assertThat(tables.bits(0, 0)).isEqualTo(2, within(1e-12));
    assertThat(tables.bits(0, 1)).as("escape, no digit").isEqualTo(2 + 4, within(1e-12));
    assertThat(tables.bits(0, -2)).as("escape, one digit").isEqualTo(2 + 8, within(1e-12));
    assertThat(tables.bits(0, Integer.MAX_VALUE)).isEqualTo(2 + 36, within(1e-12));
  }

  static Stream<Arguments> damaged() {
    return Stream.of(
        Arguments.of("empty", new int[] {}),
        Arguments.of("one entry", new int[] {0}),
        Arguments.of("not from 0", new int[] {1, 65536}),
        Arguments.of("not to 65536", new int[] {0, 65535}),
        Arguments.of("flat", new int[] {0, 5, 5, 65536}),
        Arguments.of("falling", new int[] {0, 9, 5, 65536}),
        Arguments.of("negative", new int[] {0, Integer.MIN_VALUE, 65536}),
        Arguments.of("beyond", new int[] {0, 70000, 65536}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damaged")
  void refusesWhatIsNoTable(String name, int[] cdf) {
    assertThatThrownBy(() -> new CdfTables(new int[][] {{0, 65536}, cdf}, new int[2]))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("table 1");
  }

  @Test
  void refusesSizesThatContradictEachOther() {
    assertThatThrownBy(() -> new CdfTables(TABLES, new int[2]))
        .isInstanceOf(TesseraException.Corrupt.class);
    assertThatThrownBy(() -> CdfTables.ofPadded(new int[7], 4, new int[2], new int[2]))
        .isInstanceOf(TesseraException.Corrupt.class);
    assertThatThrownBy(() -> CdfTables.ofPadded(new int[0], -1, new int[0], new int[0]))
        .isInstanceOf(TesseraException.Corrupt.class);
    for (int length : new int[] {-1, 0, 1, 5, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> CdfTables.ofPadded(new int[4], 4, new int[] {length}, new int[1]))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining("length of " + length);
    }
  }

  @Test
  void refusesMoreTablesThanAModelHas() {
    int[][] cdfs = new int[20000][];
    Arrays.fill(cdfs, TABLES[0]);
    assertThatThrownBy(() -> new CdfTables(cdfs, new int[cdfs.length]))
        .isInstanceOf(TesseraException.Unsupported.class);
  }

  @Test
  void mayBeEmpty() {
    assertThat(new CdfTables(new int[0][], new int[0]).count()).isZero();
  }

  private static long put(CdfTables tables, int symbol, long state) {
    long step = tables.steps[symbol];
    long quotient = Math.unsignedMultiplyHigh(state, tables.reciprocals[symbol]) >>> (int) step;
    return state + (step >>> 32) + quotient * ((int) step >>> 16);
  }

  private static int[] everyCount() {
    int[] cdf = new int[65537];
    Arrays.setAll(cdf, i -> i);
    return cdf;
  }

  private static int[] random(int intervals) {
    int[] inner = new Random(intervals).ints(1, 65536).distinct().limit(intervals - 1).toArray();
    Arrays.sort(inner);
    int[] cdf = new int[intervals + 1];
    System.arraycopy(inner, 0, cdf, 1, inner.length);
    cdf[intervals] = 65536;
    return cdf;
  }
}
