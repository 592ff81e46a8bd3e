package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelOrderTest {
  /** A zero costs more, the rarer it is. */
  private static CdfTables tables(int... zeroFrequencies) {
    return new CdfTables(
        Arrays.stream(zeroFrequencies).mapToObj(f -> new int[] {0, f, 65536}).toArray(int[][]::new),
        new int[zeroFrequencies.length]);
  }

  @Test
  void activeChannelsComeFirstAndTiesByNumber() {
    CdfTables tables = tables(60000, 100, 65000, 100, 30000, 60000);
    assertThat(ChannelOrder.activeFirst(tables, 6).toArray()).containsExactly(1, 3, 4, 0, 5, 2);
    assertThat(ChannelOrder.activeFirst(tables, 4).toArray()).containsExactly(1, 3, 0, 2);
    assertThatThrownBy(() -> ChannelOrder.activeFirst(tables, 7))
        .isInstanceOf(TesseraException.Invalid.class);
  }

  @Test
  void channelsAreDealtLikeCards() {
    assertThat(ChannelOrder.identity(7).dealt(3).toArray()).containsExactly(0, 3, 5, 1, 4, 6, 2);
    assertThat(ChannelOrder.identity(6).dealt(2).toArray()).containsExactly(0, 3, 1, 4, 2, 5);
    assertThat(ChannelOrder.identity(5).dealt(9)).isEqualTo(ChannelOrder.identity(5));
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "192, 64", "192, 1", "192, 192", "193, 64", "320, 7", "5, 1000000"})
  void dealingKeepsEveryChannelAndSpreadsThem(int channels, int perStream) {
    int[] dealt = ChannelOrder.identity(channels).dealt(perStream).toArray();
    assertThat(Arrays.stream(dealt).sorted())
        .containsExactly(IntStream.range(0, channels).boxed().toArray(Integer[]::new));
    // the first channel of each stream is one of the first cards
    int streams = Math.ceilDiv(channels, perStream);
    for (int k = 0; k < streams; k++) {
      assertThat(dealt[k * perStream]).isEqualTo(k);
    }
  }

  @Test
  void onlyPermutationsAreOrders() {
    for (int[] bad : new int[][] {{0, 0}, {1, 2}, {-1, 0}, {0, Integer.MAX_VALUE}}) {
      assertThatThrownBy(() -> ChannelOrder.of(bad))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining("each of its 2 once");
    }
    int[] good = {2, 0, 1};
    ChannelOrder order = ChannelOrder.of(good);
    good[0] = 0;
    assertThat(order.toArray()).containsExactly(2, 0, 1);
    assertThat(order.channel(0)).isEqualTo(2);
    assertThat(order).isNotEqualTo(ChannelOrder.identity(3));
  }
}
