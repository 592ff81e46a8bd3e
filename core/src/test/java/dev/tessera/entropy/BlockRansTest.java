package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.TesseraException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class BlockRansTest {
  private static final int BLOCK = BlockRans.BLOCK;
  private static final CdfTables TABLES =
      new CdfTables(
          new int[][] {
            FrequencyTable.ZEROS.cdf(), {0, 9000, 40000, 60000, 65536}, {0, 65535, 65536}, wide()
          },
          new int[] {0, -1, 5, -50});

  private static int[] wide() {
    int[] cdf = new int[102];
    Arrays.setAll(cdf, i -> i == 101 ? 65536 : i < 50 ? i : i * 600);
    return cdf;
  }

  @Test
  void streamsAreThoseOfTheCompactProfile() {
    Random random = new Random(5);
    for (int blocks = 1; blocks <= 5; blocks++) {
      int[] chosen = random.ints(blocks, 0, 4).toArray();
      int[] symbols = symbols(random, chosen);
      byte[] stream = encode(symbols, chosen);

      int[] indexes = new int[symbols.length];
      Arrays.setAll(indexes, i -> chosen[i / BLOCK]);
      StreamLayout layout = new StreamLayout(blocks, 1, BLOCK, blocks, 1);
      CompactRans.Encoder reference = new CompactRans.Encoder();
      byte[] expected =
          new byte
              [(int)
                  reference.encode(
                      symbols, 0, indexes, layout, 0, CompactScheme.plain(TABLES, blocks))];
      reference.copyTo(MemorySegment.ofArray(expected), 0);
      assertThat(stream).isEqualTo(expected);
      assertThat(decode(stream, chosen)).isEqualTo(symbols);
    }
  }

  private static int[] symbols(Random random, int[] chosen) {
    int[] symbols = new int[chosen.length * BLOCK];
    for (int i = 0; i < symbols.length; i++) {
      int dice = random.nextInt(1000);
      symbols[i] =
          dice == 0 ? random.nextInt() : dice < 20 ? random.nextInt(99) : random.nextInt(3) - 1;
      if (chosen[i / BLOCK] == 0) {
        symbols[i] = 0;
      }
    }
    symbols[0] = chosen[0] == 0 ? 0 : Integer.MIN_VALUE;
    return symbols;
  }

  private static byte[] encode(int[] symbols, int[] chosen) {
    boolean[] zero = new boolean[chosen.length];
    for (int b = 0; b < chosen.length; b++) {
      zero[b] = chosen[b] == 0;
    }
    BlockRans.Encoder encoder = new BlockRans.Encoder();
    short[] words = new short[encoder.encode(symbols, 0, chosen, zero, 0, chosen.length, TABLES)];
    encoder.copyTo(words, 0);
    byte[] bytes = new byte[2 * words.length];
    MemorySegment.copy(words, 0, MemorySegment.ofArray(bytes), CompactFormat.WORD, 0, words.length);
    return bytes;
  }

  private static int[] decode(byte[] stream, int[] chosen) {
    BlockRans.Decoder decoder = new BlockRans.Decoder();
    MemorySegment data = MemorySegment.ofArray(stream);
    decoder.use(TABLES);
    decoder.open(data, 0, stream.length / 2, chosen, 0, chosen.length);
    int[] symbols = new int[chosen.length * BLOCK];
    int[] block = new int[BLOCK];
    for (int b = 0; b < chosen.length; b++) {
      decoder.decode(block, chosen[b]);
      System.arraycopy(block, 0, symbols, b * BLOCK, BLOCK);
    }
    decoder.close();
    return symbols;
  }

  @Test
  void zerosTakeNothing() {
    assertThat(encode(new int[4 * BLOCK], new int[4])).isEmpty();
  }

  @Test
  void damagedStreamsGiveSymbolsOrAnError() {
    Random random = new Random(6);
    int[] chosen = {1, 0, 2, 3};
    byte[] good = encode(symbols(random, chosen), chosen);
    int refused = 0;
    for (int round = 0; round < 300; round++) {
      int length = round % 3 == 0 ? 2 * random.nextInt(good.length / 2) : good.length;
      byte[] bad = Arrays.copyOf(good, length);
      for (int i = 0; i < 3 && length > 0; i++) {
        bad[random.nextInt(length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        decode(bad, chosen);
      } catch (TesseraException.Corrupt e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(290);
  }
}
