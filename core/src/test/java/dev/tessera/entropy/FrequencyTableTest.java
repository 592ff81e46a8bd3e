package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tessera.bytes.ByteReader;
import dev.tessera.bytes.ByteWriter;
import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class FrequencyTableTest {
  private static final int ZERO = -FrequencyTable.LEAST_SYMBOL;

  @Test
  void anyHistogramGivesATable() {
    Random random = new Random(4);
    for (int round = 0; round < 200; round++) {
      long[] counts = new long[FrequencyTable.MAX_SYMBOLS];
      for (int i = random.nextInt(300); i >= 0; i--) {
        int spread = 1 << random.nextInt(12);
        counts[ZERO + random.nextInt(spread) - spread / 2] = 1L << random.nextInt(40);
      }
      FrequencyTable table = FrequencyTable.of(counts, round % 3 == 0 ? random.nextInt(9999) : 0);
      int[] cdf = table.cdf();
      // CdfTables refuses what does not rise strictly to 65536
      new CdfTables(new int[][] {cdf}, new int[] {table.lowest()});
      ByteWriter out = new ByteWriter();
      table.write(out);
      FrequencyTable back = FrequencyTable.read(new ByteReader(out.toByteArray(), "a table"));
      assertThat(back.cdf()).isEqualTo(cdf);
      assertThat(back.lowest()).isEqualTo(table.lowest());
    }
  }

  @Test
  void flatHistogramsOfAllSymbolsFit() {
    long[] counts = new long[FrequencyTable.MAX_SYMBOLS];
    Arrays.fill(counts, 1);
    int[] cdf = FrequencyTable.of(counts, 1000).cdf();
    assertThat(cdf).hasSize(FrequencyTable.MAX_SYMBOLS + 2);
    assertThat(cdf[cdf.length - 1] - cdf[cdf.length - 2]).isEqualTo(1 + 1000 * 61439 / 5096);
  }

  /** 1023 of these symbols may go; the rarer end goes first, the upper one of equals. */
  @Test
  void rareEndsAreTrimmed() {
    long[] counts = new long[FrequencyTable.MAX_SYMBOLS];
    counts[ZERO] = 4096 * 1024 - 2000;
    counts[ZERO + 1] = 500;
    counts[ZERO - 1] = 500;
    counts[ZERO + 3] = 500;
    counts[ZERO - 7] = 400;
    FrequencyTable table = FrequencyTable.of(counts, 0);
    assertThat(table.lowest()).isEqualTo(-1);
    int[] cdf = table.cdf();
    assertThat(cdf).hasSize(5);
    assertThat(cdf[1]).isEqualTo(1 + (int) (500L * 65532 / (4096 * 1024 - 100)));
    assertThat(cdf[4] - cdf[3]).isEqualTo(1 + (int) (900L * 65532 / (4096 * 1024 - 100)));
  }

  @Test
  void refusesNumbersThatAreNoTable() {
    for (byte[] bytes : new byte[][] {{0, 0}, {0, 2, 5}, {0, 1, 0}, {0, 1, -128, -128, 4}, {}}) {
      assertThatExceptionOfType(TesseraException.Corrupt.class)
          .isThrownBy(() -> FrequencyTable.read(new ByteReader(bytes, "a table")));
    }
  }
}
