package dev.tessera.entropy;

import static dev.tessera.entropy.RansSamples.TABLES;
import static dev.tessera.entropy.RansSamples.everyKindOfInt;
import static dev.tessera.entropy.RansSamples.indexes;
import static dev.tessera.entropy.RansSamples.outOfRange;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RansTest {
  private final Rans.Encoder encoder = new Rans.Encoder();
  private final Rans.Decoder decoder = new Rans.Decoder();

  @ParameterizedTest
  @CsvSource({"6, 6", "1, 6", "4, 2", "2, 1", "6, 4"})
  void streamsOfALayoutRestoreTheirPlacesOnly(int channelsPerStream, int rowsPerStream) {
    StreamLayout layout = new StreamLayout(6, 6, 50, channelsPerStream, rowsPerStream);
    int[] symbols = new Random(3).ints(layout.symbols() + 20, -8, 9).toArray();
    int base = 13;
    int[] expected = new int[symbols.length];
    Arrays.fill(expected, 99);
    int[] decoded = expected.clone();
    for (int stream = 0; stream < layout.streams(); stream++) {
      byte[] bytes = encode(symbols, base, null, layout, stream);
      decode(bytes, decoded, base, null, layout, stream);
      StreamRegion region = layout.region(stream);
      for (int c = region.firstChannel(); c < region.firstChannel() + region.channels(); c++) {
        int from = base + (c * 6 + region.firstRow()) * 50;
        System.arraycopy(symbols, from, expected, from, region.rows() * 50);
      }
      assertThat(decoded).isEqualTo(expected);
    }
  }

  @Test
  void tableOfTheChannelIsTheSameAsAnIndexForEverySymbol() {
    StreamLayout layout = new StreamLayout(6, 4, 30, 2, 3);
    int[] symbols = new Random(4).ints(layout.symbols(), -6, 7).toArray();
    int[] indexes = new int[symbols.length];
    Arrays.setAll(indexes, i -> i / 120);
    for (int stream = 0; stream < layout.streams(); stream++) {
      byte[] bytes = encode(symbols, 0, null, layout, stream);
      assertThat(encode(symbols, 0, indexes, layout, stream)).isEqualTo(bytes);
      int[] decoded = new int[symbols.length];
      decode(bytes, decoded, 0, indexes, layout, stream);
      int[] decodedByChannel = new int[symbols.length];
      decode(bytes, decodedByChannel, 0, null, layout, stream);
      assertThat(decoded).isEqualTo(decodedByChannel);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void everyIntComesBack(int table) {
    int[] symbols = everyKindOfInt();
    int[] indexes = indexes(symbols.length, table);
    StreamLayout layout = StreamLayout.whole(1, 1, symbols.length);
    int[] decoded = new int[symbols.length];
    decode(encode(symbols, 0, indexes, layout, 0), decoded, 0, indexes, layout, 0);
    assertThat(decoded).isEqualTo(symbols);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 9, 1000, 200_000})
  void hasRoomForSymbolsThatAreAllOutOfRange(int count) {
    StreamLayout layout = new StreamLayout(1, 1, count, 1, 1);
    int[] symbols = outOfRange(count);
    int[] indexes = indexes(count, 1);
    byte[] bytes = encode(symbols, 0, indexes, layout, 0);
    // 16 bits for the escape, 4 for the number of digits, 32 for the digits
    assertThat(bytes.length).isBetween(count * 45 / 8, count * 52 / 8 + 12);
    int[] decoded = new int[count];
    decode(bytes, decoded, 0, indexes, layout, 0);
    assertThat(decoded).isEqualTo(symbols);
  }

  @Test
  void certainSymbolsTakeNothing() {
    CdfTables sure = new CdfTables(new int[][] {{0, 65535, 65536}}, new int[] {0});
    StreamLayout layout = StreamLayout.whole(1, 100, 10);
    byte[] bytes = new byte[(int) encoder.encode(new int[1000], 0, null, layout, 0, sure)];
    assertThat(bytes).hasSize(8);
  }

  @Test
  void sizeIsTheEntropyOfTheTables() {
    StreamLayout layout = StreamLayout.whole(6, 100, 100);
    int[] symbols = new Random(5).ints(layout.symbols(), -3, 4).toArray();
    double bits = 0;
    for (int i = 0; i < symbols.length; i++) {
      bits += TABLES.bits(i / 10_000, symbols[i]);
    }
    int bytes = encode(symbols, 0, null, layout, 0).length;
    assertThat((double) bytes).isBetween(bits / 8, bits / 8 * 1.0001 + 12);
  }

  @Test
  void aSecondStreamDoesNotRememberTheFirst() {
    StreamLayout large = StreamLayout.whole(6, 30, 30);
    int[] symbols = new Random(6).ints(large.symbols()).toArray();
    encode(symbols, 0, null, large, 0);
    StreamLayout small = StreamLayout.whole(6, 2, 2);
    byte[] bytes = encode(symbols, 0, null, small, 0);
    byte[] fresh = new byte[bytes.length];
    Rans.Encoder other = new Rans.Encoder();
    assertThat(other.encode(symbols, 0, null, small, 0, TABLES)).isEqualTo(bytes.length);
    other.copyTo(MemorySegment.ofArray(fresh), 0);
    assertThat(bytes).isEqualTo(fresh);
  }

  @Test
  void worksAtAnyAddressOfNativeMemory() {
    StreamLayout layout = StreamLayout.whole(6, 5, 5);
    int[] symbols = new Random(7).ints(layout.symbols(), -9, 9).toArray();
    int length = (int) encoder.encode(symbols, 0, null, layout, 0, TABLES);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(length + 5);
      encoder.copyTo(memory, 3);
      int[] decoded = new int[symbols.length];
      decoder.decode(memory, 3, length, decoded, 0, null, layout, 0, TABLES);
      assertThat(decoded).isEqualTo(symbols);
    }
  }

  @Test
  void everyTruncationAndExtensionIsNoticed() {
    StreamLayout layout = StreamLayout.whole(6, 4, 4);
    int[] symbols = new Random(8).ints(layout.symbols(), -9, 9).toArray();
    byte[] bytes = encode(symbols, 0, null, layout, 0);
    for (int length = 0; length <= bytes.length + 12; length++) {
      if (length != bytes.length) {
        byte[] other = Arrays.copyOf(bytes, length);
        assertThatThrownBy(() -> decode(other, new int[96], 0, null, layout, 0))
            .isInstanceOf(TesseraException.Corrupt.class);
      }
    }
    byte[] huge = new byte[1 << 16];
    System.arraycopy(bytes, 0, huge, 0, bytes.length);
    assertThatThrownBy(() -> decode(huge, new int[96], 0, null, layout, 0))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("more than 96 symbols can take");
  }

  @Test
  void damageIsNoticedOrGivesOtherSymbolsButNeverAnotherFailure() {
    StreamLayout layout = StreamLayout.whole(6, 8, 8);
    int[] symbols = new Random(9).ints(layout.symbols(), -5, 6).toArray();
    byte[] bytes = encode(symbols, 0, null, layout, 0);
    int noticed = 0;
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] damaged = bytes.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      int[] decoded = new int[symbols.length];
      try {
        decode(damaged, decoded, 0, null, layout, 0);
        assertThat(decoded).isNotEqualTo(symbols);
      } catch (TesseraException.Corrupt e) {
        noticed++;
      }
    }
    // the final state has 31 bits to be wrong in, unless a flipped bit happens to be a digit
    assertThat(noticed).isGreaterThan(bytes.length * 8 / 2);
  }

  @Test
  void noiseIsNoStream() {
    Random random = new Random(10);
    StreamLayout layout = StreamLayout.whole(6, 8, 8);
    for (int i = 0; i < 2000; i++) {
      byte[] noise = new byte[random.nextInt(200) * 4];
      random.nextBytes(noise);
      assertThatThrownBy(() -> decode(noise, new int[384], 0, null, layout, 0))
          .isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @Test
  void impossibleStatesAndDigitCountsAreNoticed() {
    StreamLayout one = StreamLayout.whole(1, 1, 1);
    byte[] tooSmall = {0, 0, 0, 0x7F, 0, 0, 0, 0};
    assertThatThrownBy(() -> decode(tooSmall, new int[1], 0, null, one, 0))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("impossible state");
    byte[] tooLarge = {0, 0, 0, 0, 0, 0, 0, (byte) 0x80};
    assertThatThrownBy(() -> decode(tooLarge, new int[1], 0, null, one, 0))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("impossible state");
    // the first table escapes always, so that the lowest four bits are the number of digits
    byte[] nineDigits = {9, 0, 0, 0, 0, 1, 0, 0};
    assertThatThrownBy(() -> decode(nineDigits, new int[1], 0, null, one, 0))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("9 digits");
  }

  @Test
  void tellsWhereTheDamageIs() {
    byte[] data = new byte[100];
    StreamLayout one = StreamLayout.whole(1, 1, 1);
    assertThatThrownBy(() ->
            decoder.decode(MemorySegment.ofArray(data), 40, 8, new int[1], 0, null, one, 0, TABLES))
        .isInstanceOfSatisfying(
            TesseraException.Corrupt.class, e -> assertThat(e.offset()).isEqualTo(40));
    for (long[] range :
        new long[][] {{96, 8}, {-4, 8}, {0, -8}, {Long.MAX_VALUE, 8}, {8, Long.MAX_VALUE}}) {
      assertThatThrownBy(() ->
              decoder.decode(
                  MemorySegment.ofArray(data),
                  range[0],
                  range[1],
                  new int[1],
                  0,
                  null,
                  one,
                  0,
                  TABLES))
          .isInstanceOf(TesseraException.Corrupt.class);
    }
  }

  @Test
  void refusesArraysAndTablesThatDoNotFit() {
    StreamLayout layout = StreamLayout.whole(6, 2, 2);
    StreamLayout seven = StreamLayout.whole(7, 1, 1);
    int[] enough = new int[24];
    assertThatThrownBy(() -> encode(new int[23], 0, null, layout, 0)).isInstanceOf(invalid());
    assertThatThrownBy(() -> encode(enough, 1, null, layout, 0)).isInstanceOf(invalid());
    assertThatThrownBy(() -> encode(enough, -1, null, layout, 0)).isInstanceOf(invalid());
    assertThatThrownBy(() -> encode(enough, Integer.MAX_VALUE, null, layout, 0))
        .isInstanceOf(invalid());
    assertThatThrownBy(() -> encode(enough, 0, new int[23], layout, 0)).isInstanceOf(invalid());
    assertThatThrownBy(() -> encode(enough, 0, null, layout, 1)).isInstanceOf(invalid());
    assertThatThrownBy(() -> encode(enough, 0, null, seven, 0)).isInstanceOf(invalid());
    for (int index : new int[] {-1, 6, Integer.MAX_VALUE}) {
      int[] indexes = new int[24];
      indexes[11] = index;
      assertThatThrownBy(() -> encode(enough, 0, indexes, layout, 0))
          .isInstanceOf(invalid())
          .hasMessageContaining("index " + index);
      byte[] bytes = encode(enough, 0, new int[24], layout, 0);
      assertThatThrownBy(() -> decode(bytes, enough.clone(), 0, indexes, layout, 0))
          .isInstanceOf(invalid());
    }
    assertThatCode(() -> encode(enough, 0, null, layout, 0)).doesNotThrowAnyException();
  }

  private static Class<? extends Throwable> invalid() {
    return TesseraException.Invalid.class;
  }

  private byte[] encode(int[] symbols, int base, int[] indexes, StreamLayout layout, int stream) {
    byte[] bytes = new byte[(int) encoder.encode(symbols, base, indexes, layout, stream, TABLES)];
    encoder.copyTo(MemorySegment.ofArray(bytes), 0);
    return bytes;
  }

  private void decode(
      byte[] bytes, int[] symbols, int base, int[] indexes, StreamLayout layout, int stream) {
    decoder.decode(
        MemorySegment.ofArray(bytes),
        0,
        bytes.length,
        symbols,
        base,
        indexes,
        layout,
        stream,
        TABLES);
  }
}
