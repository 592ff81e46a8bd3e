package dev.tessera.entropy;

import static dev.tessera.entropy.RansSamples.TABLES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes that are no stream, and arguments that do not fit together. */
class CompactRansDamageTest {
  private static final CompactScheme PLAIN = CompactScheme.plain(TABLES, 6);

  private final CompactCoder coder = new CompactCoder();

  @Test
  void everyTruncationAndExtensionIsNoticed() {
    StreamLayout layout = StreamLayout.whole(6, 4, 4);
    int[] symbols = new Random(8).ints(layout.symbols(), -9, 9).toArray();
    byte[] bytes = coder.encode(symbols, 0, null, layout, 0, PLAIN);
    for (int length = 0; length <= bytes.length + 12; length++) {
      if (length != bytes.length) {
        byte[] other = Arrays.copyOf(bytes, length);
        int[] decoded = new int[96];
        try {
          coder.decode(other, decoded, 0, null, layout, 0, PLAIN);
          // a stream's beginning may be a stream: of other symbols, which the tile's check tells
          assertThat(decoded).isNotEqualTo(symbols);
          assertThat(length).isLessThan(bytes.length);
        } catch (TesseraException.Corrupt e) {
          assertThat(e).hasMessageContaining("damaged");
        }
      }
    }
    byte[] huge = new byte[1 << 16];
    System.arraycopy(bytes, 0, huge, 0, bytes.length);
    assertThatThrownBy(() -> coder.decode(huge, new int[96], 0, null, layout, 0, PLAIN))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("more than 96 symbols can take");
  }

  @Test
  void damageIsNoticedOrGivesOtherSymbolsButNeverAnotherFailure() {
    StreamLayout layout = StreamLayout.whole(6, 8, 8);
    int[] symbols = new Random(9).ints(layout.symbols(), -5, 6).toArray();
    // as an escape, the last symbol could have zeros before its digits: they cost nothing there
    symbols[symbols.length - 1] = 0;
    byte[] bytes = coder.encode(symbols, 0, null, layout, 0, PLAIN);
    int noticed = 0;
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] damaged = bytes.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      int[] decoded = new int[symbols.length];
      try {
        coder.decode(damaged, decoded, 0, null, layout, 0, PLAIN);
        assertThat(decoded).isNotEqualTo(symbols);
      } catch (TesseraException.Corrupt e) {
        noticed++;
      }
    }
    // the final state has 16 bits to be wrong in, unless a flipped bit happens to be a digit
    assertThat(noticed).isGreaterThan(bytes.length * 8 / 2);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noiseGivesSymbolsOrIsCorruptAndNothingElse(boolean explicit) {
    Random random = new Random(10);
    StreamLayout layout = new StreamLayout(6, 3, 5, 4, 2);
    int[] indexes = explicit ? random.ints(90, 0, 6).toArray() : null;
    int corrupt = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] noise = new byte[random.nextInt(i % 2 == 0 ? 6 : 60)];
      random.nextBytes(noise);
      int stream = random.nextInt(layout.streams());
      int[] decoded = new int[90];
      try {
        coder.decode(noise, decoded, 0, indexes, layout, stream, PLAIN);
        byte[] again = coder.encode(decoded, 0, indexes, layout, stream, PLAIN);
        int[] twice = new int[90];
        coder.decode(again, twice, 0, indexes, layout, stream, PLAIN);
        assertThat(twice).isEqualTo(decoded);
      } catch (TesseraException.Corrupt e) {
        corrupt++;
      }
    }
    // only the shortest streams have a fair chance, among them those of no bytes
    assertThat(corrupt).isBetween(15_000, 18_500);
  }

  @Test
  void impossibleStatesLengthsAndDigitCountsAreNoticed() {
    StreamLayout one = StreamLayout.whole(1, 1, 1);
    CompactScheme half =
        new CompactScheme(TABLES, ChannelOrder.identity(1), ZeroFlags.stored(new int[] {1}));
    for (byte[] zero : new byte[][] {{0, 0}, {0, 0, 5, 0}}) {
      assertThatThrownBy(() -> coder.decode(zero, new int[1], 0, null, one, 0, half))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining("impossible state");
    }
    assertThatThrownBy(() -> coder.decode(new byte[3], new int[1], 0, null, one, 0, half))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("length of 3 bytes is impossible");
    // alive is [1, 65536), so that the flag of state 10 leaves 9; the table escapes always, so that
    // the lowest four bits are the number of digits
    assertThatThrownBy(() -> coder.decode(new byte[] {10, 0}, new int[1], 0, null, one, 0, half))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("9 digits");
  }

  @Test
  void tellsWhereTheDamageIs() {
    byte[] data = new byte[100];
    StreamLayout one = StreamLayout.whole(1, 1, 1);
    CompactScheme scheme = CompactScheme.plain(TABLES, 1);
    assertThatThrownBy(() ->
            coder.decoder.decode(
                MemorySegment.ofArray(data), 40, 4, new int[1], 0, null, one, 0, scheme))
        .isInstanceOfSatisfying(
            TesseraException.Corrupt.class, e -> assertThat(e.offset()).isEqualTo(42));
    for (long[] range :
        new long[][] {{98, 4}, {-4, 8}, {0, -8}, {Long.MAX_VALUE, 8}, {8, Long.MAX_VALUE}}) {
      assertThatThrownBy(() ->
              coder.decoder.decode(
                  MemorySegment.ofArray(data),
                  range[0],
                  range[1],
                  new int[1],
                  0,
                  null,
                  one,
                  0,
                  scheme))
          .isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @Test
  void aSymbolOfMoreThan16BitsIsNotCutOff() {
    StreamLayout layout = StreamLayout.whole(1, 1, 2);
    CompactScheme scheme = CompactScheme.plain(TABLES, 1);
    for (int symbol : new int[] {32768, -32769, Integer.MAX_VALUE}) {
      byte[] bytes = coder.encode(new int[] {1, symbol}, 0, null, layout, 0, scheme);
      assertThatThrownBy(() ->
              coder.decoder.decode(
                  MemorySegment.ofArray(bytes),
                  0,
                  bytes.length,
                  new short[2],
                  0,
                  null,
                  layout,
                  0,
                  scheme))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining(symbol + " does not fit 16 bits");
    }
  }

  @Test
  void refusesArraysTablesOrdersAndFlagsThatDoNotFit() {
    StreamLayout layout = StreamLayout.whole(6, 2, 2);
    StreamLayout seven = StreamLayout.whole(7, 1, 1);
    int[] enough = new int[24];
    int[] tooFew = new int[23];
    assertInvalid(() -> coder.encode(tooFew, 0, null, layout, 0, PLAIN));
    assertInvalid(() -> coder.encode(enough, 1, null, layout, 0, PLAIN));
    assertInvalid(() -> coder.encode(enough, -1, null, layout, 0, PLAIN));
    assertInvalid(() -> coder.encode(enough, Integer.MAX_VALUE, null, layout, 0, PLAIN));
    assertInvalid(() -> coder.encode(enough, 0, tooFew, layout, 0, PLAIN));
    assertInvalid(() -> coder.encode(enough, 0, null, layout, 1, PLAIN));
    assertInvalid(() -> coder.encode(enough, 0, null, seven, 0, PLAIN));
    assertInvalid(() -> coder.encode(enough, 0, null, layout, 0, CompactScheme.plain(TABLES, 5)));
    assertInvalid(
        () -> coder.encode(enough, 0, null, layout, 0, withFlags(new int[] {1, 2, 3, 4, 5})));
    assertInvalid(() -> coder.encoder.encode(new short[23], 0, null, layout, 0, PLAIN));
    assertInvalid(() -> coder.decode(new byte[0], tooFew, 0, null, layout, 0, PLAIN));
    assertInvalid(
        () -> coder.decode(new byte[0], enough, 0, null, layout, 0, withFlags(new int[7])));
    int[] alive = enough.clone();
    Arrays.fill(alive, 1);
    for (int index : new int[] {-1, 6, Integer.MAX_VALUE}) {
      int[] indexes = new int[24];
      indexes[11] = index;
      for (int[] symbols : new int[][] {enough, alive}) {
        assertThatThrownBy(() -> coder.encode(symbols, 0, indexes, layout, 0, PLAIN))
            .isInstanceOf(TesseraException.Invalid.class)
            .hasMessageContaining("index " + index);
      }
      byte[] bytes = coder.encode(alive, 0, new int[24], layout, 0, PLAIN);
      assertInvalid(() -> coder.decode(bytes, enough.clone(), 0, indexes, layout, 0, PLAIN));
    }
    assertThatCode(() -> coder.encode(enough, 0, null, layout, 0, PLAIN))
        .doesNotThrowAnyException();
  }

  private static CompactScheme withFlags(int[] frequencies) {
    Arrays.setAll(frequencies, i -> 1 + i);
    return new CompactScheme(TABLES, ChannelOrder.identity(6), ZeroFlags.stored(frequencies));
  }

  private static void assertInvalid(Runnable call) {
    assertThatThrownBy(call::run).isInstanceOf(TesseraException.Invalid.class);
  }
}
