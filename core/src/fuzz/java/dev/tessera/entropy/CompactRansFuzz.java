package dev.tessera.entropy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.testing.Fuzzing;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Any bytes are a stream of symbols or damaged. Where they are a stream, the encoder makes one that
 * gives them again. The first byte chooses tables by channel or by symbol, and derived or stored
 * frequencies of flags.
 */
final class CompactRansFuzz {
  private static final CdfTables TABLES =
      new CdfTables(
          new int[][] {
            {0, 65536},
            {0, 65535, 65536},
            {0, 1, 2, 65000, 65530, 65531, 65536},
            {0, 8192, 16384, 24576, 32768, 40960, 49152, 57344, 65535, 65536},
            {0, 30, 64000, 65000, 65536},
          },
          new int[] {0, 0, -2, -4, -1});

  private static final StreamLayout LAYOUT = StreamLayout.whole(5, 4, 6);
  private static final int[] INDEXES = IntStream.range(0, 120).map(i -> i * 7 % 5).toArray();

  static Stream<Arguments> seeds() {
    Random random = new Random(1);
    return Fuzzing.seeds(
        IntStream.range(0, 32)
            .mapToObj(i -> {
              int[] symbols = random.ints(120, -(i % 9), i % 9 + 1).toArray();
              Arrays.fill(symbols, 0, random.nextInt(120), 0);
              byte[] stream = encode(symbols, i);
              byte[] seed = new byte[stream.length + 1];
              seed[0] = (byte) i;
              System.arraycopy(stream, 0, seed, 1, stream.length);
              return seed;
            }));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "30s")
  void decode(byte[] data) {
    if (data.length == 0) {
      return;
    }
    Fuzzing.survive(() -> {
      int[] symbols = decode(Arrays.copyOfRange(data, 1, data.length), data[0]);
      byte[] again = encode(symbols, data[0]);
      if (!Arrays.equals(decode(again, data[0]), symbols)) {
        throw new AssertionError("symbols do not come back");
      }
    });
  }

  private static byte[] encode(int[] symbols, int choice) {
    CompactRans.Encoder encoder = new CompactRans.Encoder();
    byte[] bytes =
        new byte[(int) encoder.encode(symbols, 0, indexes(choice), LAYOUT, 0, scheme(choice))];
    encoder.copyTo(MemorySegment.ofArray(bytes), 0);
    return bytes;
  }

  private static int[] decode(byte[] bytes, int choice) {
    int[] symbols = new int[120];
    MemorySegment data = MemorySegment.ofArray(bytes);
    new CompactRans.Decoder()
        .decode(data, 0, bytes.length, symbols, 0, indexes(choice), LAYOUT, 0, scheme(choice));
    return symbols;
  }

  private static int[] indexes(int choice) {
    return (choice & 1) == 0 ? null : INDEXES;
  }

  private static CompactScheme scheme(int choice) {
    ZeroFlags flags =
        (choice & 2) == 0
            ? ZeroFlags.DERIVED
            : ZeroFlags.stored(new int[] {1, 65535, 30000, 60000, 100});
    return new CompactScheme(TABLES, ChannelOrder.of(new int[] {3, 0, 4, 1, 2}), flags);
  }
}
