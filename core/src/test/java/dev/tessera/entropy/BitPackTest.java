package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class BitPackTest {
  private static final int PLACES = BitPack.PLACES;

  @Test
  void everyWidthComesBackInTheSizeOfTheFormat() {
    Random random = new Random(1);
    for (int round = 0; round < 60; round++) {
      int[] widths = new int[128];
      for (int g = 0; g < 128; g++) {
        int base = new int[] {0, 3, 17, 31}[g / 32 % 4];
        widths[g] = round < 33 ? round : Math.min(32, base + random.nextInt(1 + round % 7));
      }
      int[] numbers = numbers(random, widths);
      int[] words = new int[BitPack.MAX_WORDS + 9];
      int end = new BitPack().encode(numbers, words, 5);
      assertThat(end - 5).isEqualTo(size(widths));
      int[] back = new int[PLACES];
      assertThat(new BitPack().decode(words, 5, end, back)).isEqualTo(end);
      assertThat(back).isEqualTo(numbers);
      assertThat(new BitPack().decode(words, 5, end - 1, back)).isEqualTo(-1);
    }
  }

  private static int[] numbers(Random random, int[] widths) {
    int[] numbers = new int[PLACES];
    for (int i = 0; i < PLACES; i++) {
      int width = widths[i / 32];
      numbers[i] = width == 0 ? 0 : random.nextInt() >>> 32 - width;
      if (i % 32 == 31 && width > 0) {
        numbers[i] |= 1 << width - 1;
      }
    }
    return numbers;
  }

  private static int size(int[] widths) {
    int size = 1 + Arrays.stream(widths).sum();
    for (int step = 0; step < 4; step++) {
      int[] part = Arrays.copyOfRange(widths, 32 * step, 32 * step + 32);
      int spread = Arrays.stream(part).max().getAsInt() - Arrays.stream(part).min().getAsInt();
      size += 32 - Integer.numberOfLeadingZeros(spread);
    }
    return size;
  }

  /** One step by hand: group 1 has width 2 and the others 0. */
  @Test
  void wordsAreThoseOfTheFormat() {
    int[] numbers = new int[PLACES];
    numbers[32] = 3;
    numbers[33] = 1;
    numbers[34] = 2;
    numbers[63] = 2;
    int[] words = new int[BitPack.MAX_WORDS];
    assertThat(new BitPack().encode(numbers, words, 0)).isEqualTo(5);
    assertThat(Arrays.copyOf(words, 5)).containsExactly(2, 0, 0b10, 0b100111, 0x80000000);
  }

  @Test
  void zerosTakeOneWord() {
    int[] words = new int[BitPack.MAX_WORDS];
    assertThat(new BitPack().encode(new int[PLACES], words, 0)).isEqualTo(1);
    assertThat(words[0]).isZero();
  }

  @Test
  void anyWordsGiveNumbersOrNothing() {
    Random random = new Random(7);
    int refused = 0;
    for (int round = 0; round < 2000; round++) {
      int end = 1 + random.nextInt(200);
      int[] words = random.ints(end + 1).toArray();
      if (round % 2 == 0) {
        // descriptions that are allowed
        words[0] = random.nextInt(4) | random.nextInt(4) << 8 | random.nextInt(4) << 16;
      }
      int after = new BitPack().decode(words, 0, end, new int[PLACES]);
      assertThat(after).isBetween(-1, end);
      refused += after < 0 ? 1 : 0;
    }
    assertThat(refused).isBetween(500, 1999);
  }
}
