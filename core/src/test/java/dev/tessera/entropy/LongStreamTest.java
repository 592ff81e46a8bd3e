package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import org.junit.jupiter.api.Test;

/** The limit of 4 GiB, on a small scale; {@link LongStreams} codes streams beyond 2 GiB. */
class LongStreamTest {
  @Test
  void anEncoderStopsAtItsLimitAndGoesOn() {
    int[] symbols = new int[100_000];
    for (int i = 0; i < symbols.length; i++) {
      symbols[i] = LongStreams.symbolAt(i);
    }
    StreamLayout all = StreamLayout.whole(1, 1, symbols.length);
    StreamLayout few = StreamLayout.whole(1, 1, 1000);
    Rans.Encoder wide = new Rans.Encoder();
    wide.mostWords = 1 << 16;
    assertThatThrownBy(() -> wide.encode(symbols, 0, null, all, 0, LongStreams.NARROW))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("4 GiB");
    assertThat(wide.encode(symbols, 0, null, few, 0, LongStreams.NARROW))
        .isEqualTo(new Rans.Encoder().encode(symbols, 0, null, few, 0, LongStreams.NARROW));
    CompactEncoder compact = new CompactEncoder();
    compact.mostWords = 1 << 17;
    CompactScheme scheme = CompactScheme.plain(LongStreams.NARROW, 1);
    assertThatThrownBy(() -> compact.encode(symbols, null, 0, null, all, 0, scheme))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining("4 GiB");
    assertThat(compact.encode(symbols, null, 0, null, few, 0, scheme))
        .isEqualTo(new CompactEncoder().encode(symbols, null, 0, null, few, 0, scheme));
  }

  @Test
  void arraysGrowUpToTheLimit() {
    assertThat(RansFormat.grown(1000, 900, 200, 10_000)).isEqualTo(1500);
    assertThat(RansFormat.grown(1000, 900, 2000, 10_000)).isEqualTo(2900);
    assertThat(RansFormat.grown(9000, 9000, 1000, 10_000)).isEqualTo(10_000);
    int most = CompactFormat.MAX_WORDS;
    assertThat(RansFormat.grown(2_000_000_000, 2_000_000_000, 100, most)).isEqualTo(most);
    assertThatThrownBy(() -> RansFormat.grown(most, most - 10, 11, most))
        .isInstanceOf(TesseraException.Unsupported.class);
    assertThat(RansFormat.held(2_000_000_000, 2_000_000_001, most)).isEqualTo(most);
    assertThatThrownBy(() -> RansFormat.held(10, most + 1L, most))
        .isInstanceOf(TesseraException.Unsupported.class);
  }
}
