package dev.tessera.entropy;

import static dev.tessera.entropy.RansSamples.TABLES;
import static dev.tessera.entropy.RansSamples.everyKindOfInt;
import static dev.tessera.entropy.RansSamples.indexes;
import static dev.tessera.entropy.RansSamples.outOfRange;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CompactRansTest {
  private static final CompactScheme PLAIN = CompactScheme.plain(TABLES, 6);

  private final CompactCoder coder = new CompactCoder();

  @ParameterizedTest
  @CsvSource({"6, 6", "1, 6", "4, 2", "2, 1", "6, 4"})
  void streamsOfALayoutRestoreTheirPlacesOnly(int channelsPerStream, int rowsPerStream) {
    StreamLayout layout = new StreamLayout(6, 6, 50, channelsPerStream, rowsPerStream);
    CompactScheme scheme =
        new CompactScheme(TABLES, ChannelOrder.of(new int[] {4, 2, 0, 5, 1, 3}), ZeroFlags.DERIVED);
    int[] symbols = sparse(new Random(3), layout, 20);
    int base = 13;
    int[] expected = new int[symbols.length];
    Arrays.fill(expected, 99);
    int[] decoded = expected.clone();
    for (int stream = 0; stream < layout.streams(); stream++) {
      byte[] bytes = coder.encode(symbols, base, null, layout, stream, scheme);
      coder.decode(bytes, decoded, base, null, layout, stream, scheme);
      StreamRegion region = layout.region(stream);
      for (int k = region.firstChannel(); k < region.firstChannel() + region.channels(); k++) {
        int from = base + (scheme.order().channel(k) * 6 + region.firstRow()) * 50;
        System.arraycopy(symbols, from, expected, from, region.rows() * 50);
      }
      assertThat(decoded).isEqualTo(expected);
    }
    assertThat(decoded).contains(0, 5);
  }

  /** Shapes, orders, flags, tables and values at random, in ints and in shorts. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void whateverIsEncodedComesBack(int seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 60; i++) {
      int channels = 1 + random.nextInt(i % 10 == 0 ? 300 : 12);
      StreamLayout layout =
          new StreamLayout(
              channels,
              1 + random.nextInt(7),
              1 + random.nextInt(9),
              1 + random.nextInt(channels + 3),
              1 + random.nextInt(8));
      boolean explicit = random.nextInt(3) == 0;
      CdfTables tables = randomTables(random, explicit ? 1 + random.nextInt(6) : channels);
      int[] indexes = explicit ? random.ints(layout.symbols(), 0, tables.count()).toArray() : null;
      CompactScheme scheme =
          new CompactScheme(tables, randomOrder(random, channels), randomFlags(random, channels));
      int[] symbols = sparse(random, layout, 0);
      if (random.nextInt(5) == 0) {
        symbols[random.nextInt(symbols.length)] = random.nextInt();
      }
      roundTrip(symbols, indexes, layout, scheme);
    }
  }

  private void roundTrip(int[] symbols, int[] indexes, StreamLayout layout, CompactScheme scheme) {
    int[] decoded = new int[symbols.length];
    Arrays.fill(decoded, 99);
    for (int stream = 0; stream < layout.streams(); stream++) {
      byte[] bytes = coder.encode(symbols, 0, indexes, layout, stream, scheme);
      coder.decode(bytes, decoded, 0, indexes, layout, stream, scheme);
    }
    assertThat(decoded).isEqualTo(symbols);
    if (Arrays.stream(symbols).allMatch(s -> s == (short) s)) {
      short[] narrow = new short[symbols.length];
      for (int i = 0; i < narrow.length; i++) {
        narrow[i] = (short) symbols[i];
      }
      short[] narrowDecoded = new short[narrow.length];
      Arrays.fill(narrowDecoded, (short) 99);
      for (int stream = 0; stream < layout.streams(); stream++) {
        byte[] bytes = coder.encode(symbols, 0, indexes, layout, stream, scheme);
        byte[] same =
            new byte[(int) coder.encoder.encode(narrow, 0, indexes, layout, stream, scheme)];
        coder.encoder.copyTo(MemorySegment.ofArray(same), 0);
        assertThat(same).isEqualTo(bytes);
        coder.decoder.decode(
            MemorySegment.ofArray(same),
            0,
            same.length,
            narrowDecoded,
            0,
            indexes,
            layout,
            stream,
            scheme);
      }
      assertThat(narrowDecoded).isEqualTo(narrow);
    }
  }

  @Test
  void tableOfTheChannelIsTheSameAsAnIndexForEverySymbol() {
    StreamLayout layout = new StreamLayout(6, 4, 30, 2, 3);
    int[] symbols = sparse(new Random(4), layout, 0);
    int[] indexes = IntStream.range(0, symbols.length).map(i -> i / 120).toArray();
    for (int stream = 0; stream < layout.streams(); stream++) {
      byte[] bytes = coder.encode(symbols, 0, null, layout, stream, PLAIN);
      assertThat(coder.encode(symbols, 0, indexes, layout, stream, PLAIN)).isEqualTo(bytes);
      int[] decoded = new int[symbols.length];
      coder.decode(bytes, decoded, 0, indexes, layout, stream, PLAIN);
      int[] decodedByChannel = new int[symbols.length];
      coder.decode(bytes, decodedByChannel, 0, null, layout, stream, PLAIN);
      assertThat(decoded).isEqualTo(decodedByChannel);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void everyIntComesBack(int table) {
    int[] symbols = everyKindOfInt();
    int[] indexes = indexes(symbols.length, table);
    StreamLayout layout = StreamLayout.whole(1, 1, symbols.length);
    CompactScheme scheme = CompactScheme.plain(TABLES, 1);
    int[] decoded = new int[symbols.length];
    coder.decode(
        coder.encode(symbols, 0, indexes, layout, 0, scheme),
        decoded,
        0,
        indexes,
        layout,
        0,
        scheme);
    assertThat(decoded).isEqualTo(symbols);
    for (int symbol : symbols) {
      int[] one = {symbol};
      StreamLayout single = StreamLayout.whole(1, 1, 1);
      int[] back = {99};
      byte[] bytes = coder.encode(one, 0, new int[] {table}, single, 0, scheme);
      coder.decode(bytes, back, 0, new int[] {table}, single, 0, scheme);
      assertThat(back).isEqualTo(one);
    }
  }

  /** The bound by which a decoder refuses a stream unread is one that no encoder exceeds. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 9, 1000, 200_000})
  void hasRoomForSymbolsThatAreAllOutOfRange(int count) {
    StreamLayout layout = new StreamLayout(1, 1, count, 1, 1);
    int[] symbols = outOfRange(count);
    int[] indexes = indexes(count, 1);
    CompactScheme scheme =
        new CompactScheme(TABLES, ChannelOrder.identity(1), ZeroFlags.stored(new int[] {65535}));
    byte[] bytes = coder.encode(symbols, 0, indexes, layout, 0, scheme);
    // 16 bits for the escape, 4 for the number of digits, 32 for the digits
    assertThat(bytes.length).isBetween(count * 45 / 8, 2 * ((52 * count + 16 + 15) / 16));
    int[] decoded = new int[count];
    coder.decode(bytes, decoded, 0, indexes, layout, 0, scheme);
    assertThat(decoded).isEqualTo(symbols);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "6, 1, 1", "6, 100, 10", "6, 5, 7"})
  void nothingButZerosTakesNoByte(int channels, int height, int width) {
    StreamLayout layout = StreamLayout.whole(channels, height, width);
    int[] zeros = new int[layout.symbols()];
    for (ZeroFlags flags :
        new ZeroFlags[] {
          ZeroFlags.DERIVED, ZeroFlags.stored(IntStream.range(0, channels).map(c -> 1).toArray())
        }) {
      CompactScheme scheme = new CompactScheme(TABLES, ChannelOrder.identity(channels), flags);
      assertThat(coder.encoder.encode(zeros, 0, null, layout, 0, scheme)).isZero();
      int[] decoded = zeros.clone();
      Arrays.fill(decoded, 99);
      coder.decode(new byte[0], decoded, 0, null, layout, 0, scheme);
      assertThat(decoded).isEqualTo(zeros);
    }
  }

  @Test
  void sizeIsTheEntropyOfFlagsAndTables() {
    StreamLayout layout = StreamLayout.whole(6, 100, 100);
    int[] symbols = new Random(5).ints(layout.symbols(), -3, 4).toArray();
    Arrays.fill(symbols, 10_000, 20_000, 0);
    double bits = 0;
    for (int i = 0; i < symbols.length; i++) {
      bits += i / 10_000 == 1 ? 0 : TABLES.bits(i / 10_000, symbols[i]);
    }
    CompactScheme scheme =
        new CompactScheme(
            TABLES,
            ChannelOrder.identity(6),
            ZeroFlags.stored(new int[] {16384, 16384, 16384, 16384, 16384, 16384}));
    bits += 2 + 5 * (2 - Math.log(3) / Math.log(2));
    int bytes = coder.encode(symbols, 0, null, layout, 0, scheme).length;
    // a 32-bit state with 16-bit frequencies is a little coarser than a 64-bit one
    assertThat((double) bytes).isBetween(bits / 8, bits / 8 * 1.0012 + 4);
  }

  @Test
  void aSecondStreamDoesNotRememberTheFirst() {
    StreamLayout large = StreamLayout.whole(6, 30, 30);
    int[] symbols = new Random(6).ints(large.symbols()).toArray();
    coder.encode(symbols, 0, null, large, 0, PLAIN);
    StreamLayout small = StreamLayout.whole(6, 2, 2);
    byte[] bytes = coder.encode(symbols, 0, null, small, 0, PLAIN);
    byte[] fresh = new byte[bytes.length];
    CompactRans.Encoder other = new CompactRans.Encoder();
    assertThat(other.encode(symbols, 0, null, small, 0, PLAIN)).isEqualTo(bytes.length);
    other.copyTo(MemorySegment.ofArray(fresh), 0);
    assertThat(bytes).isEqualTo(fresh);
  }

  /** Behind the stream lies memory that must not be read: exactly as many bytes as it has. */
  @Test
  void worksAtAnyAddressOfNativeMemoryAndReadsNoFurther() {
    StreamLayout layout = StreamLayout.whole(6, 5, 5);
    int[] symbols = new Random(7).ints(layout.symbols(), -9, 9).toArray();
    int length = (int) coder.encoder.encode(symbols, 0, null, layout, 0, PLAIN);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(length + 3);
      coder.encoder.copyTo(memory, 3);
      int[] decoded = new int[symbols.length];
      coder.decoder.decode(memory, 3, length, decoded, 0, null, layout, 0, PLAIN);
      assertThat(decoded).isEqualTo(symbols);
    }
  }

  /** Symbols of which half the rows are zero and some lie outside every table. */
  private static int[] sparse(Random random, StreamLayout layout, int more) {
    int[] symbols = new int[layout.symbols() + more];
    boolean zero = false;
    for (int i = 0; i < symbols.length; i++) {
      if (i % layout.width() == 0) {
        zero = random.nextBoolean();
      }
      symbols[i] = zero ? 0 : random.nextInt(-8, 9);
    }
    return symbols;
  }

  private static CdfTables randomTables(Random random, int count) {
    int[][] cdfs = new int[count][];
    int[] offsets = new int[count];
    for (int t = 0; t < count; t++) {
      int inner = random.nextInt(t % 7 == 6 ? 300 : 9);
      cdfs[t] =
          IntStream.concat(
                  IntStream.of(0, 65536),
                  random.ints(inner, 1, random.nextBoolean() ? 65536 : 40 + inner))
              .distinct()
              .sorted()
              .toArray();
      offsets[t] = random.nextInt(-6, 4);
    }
    return new CdfTables(cdfs, offsets);
  }

  private static ChannelOrder randomOrder(Random random, int channels) {
    int[] order = IntStream.range(0, channels).toArray();
    for (int i = channels - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return ChannelOrder.of(order);
  }

  private static ZeroFlags randomFlags(Random random, int channels) {
    return random.nextBoolean()
        ? ZeroFlags.DERIVED
        : ZeroFlags.stored(
            random
                .ints(channels, 0, 3)
                .map(kind -> kind == 0 ? 1 : kind == 1 ? 65535 : 1 + random.nextInt(65535))
                .toArray());
  }
}
