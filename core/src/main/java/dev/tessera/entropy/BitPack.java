package dev.tessera.entropy;

import java.util.Arrays;

/**
 * Blocks of 4096 unsigned 32-bit numbers as bits: groups of 32 numbers with one width each, which
 * 32 groups, a step, state as what they have above their least one (FORMAT.md, "Bitpack").
 *
 * <p>Numbers beyond what an array of words holds are never read or written: callers provide {@link
 * #MAX_WORDS} of room, and {@link #decode} checks each length against the end that it is given.
 */
public final class BitPack {
  /** Numbers of a block. */
  public static final int PLACES = 4096;

  /** Most words of a packed block. */
  public static final int MAX_WORDS = 1 + 4 * 6 + PLACES;

  private static final int GROUP = 32;
  private static final int STEPS = 4;
  private static final int GROUPS = 32;
  private static final int MAX_WIDTH = 32;

  /** One more than the most bit planes of widths: the radix of a step's description. */
  private static final int RADIX = 7;

  private final int[] widths = new int[STEPS * GROUPS];

  /**
   * Packs a block.
   *
   * @param numbers 4096 unsigned numbers, group after group
   * @param words takes the block from {@code at} on, with {@link #MAX_WORDS} of room
   * @return index after the block's last word
   */
  public int encode(int[] numbers, int[] words, int at) {
    int head = 0;
    int next = at + 1;
    for (int step = 0; step < STEPS; step++) {
      int least = MAX_WIDTH;
      int largest = 0;
      for (int g = step * GROUPS; g < (step + 1) * GROUPS; g++) {
        int width = width(numbers, g * GROUP);
        widths[g] = width;
        least = Math.min(least, width);
        largest = Math.max(largest, width);
      }
      int planes = bits(largest - least);
      head |= RADIX * least + planes << 8 * step;
      for (int plane = 0; plane < planes; plane++) {
        int word = 0;
        for (int l = 0; l < GROUPS; l++) {
          word |= (widths[step * GROUPS + l] - least >>> plane & 1) << l;
        }
        words[next++] = word;
      }
    }
    words[at] = head;
    for (int g = 0; g < STEPS * GROUPS; g++) {
      int width = widths[g];
      if (width != 0) {
        pack(numbers, g * GROUP, width, words, next);
        next += width;
      }
    }
    return next;
  }

  private static int width(int[] numbers, int from) {
    int all = 0;
    for (int i = from; i < from + GROUP; i++) {
      all |= numbers[i];
    }
    return bits(all);
  }

  private static int bits(int value) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(value);
  }

  /** 32 numbers of one width, lowest bits first, as {@code width} words. */
  private static void pack(int[] numbers, int from, int width, int[] words, int at) {
    long pending = 0;
    int filled = 0;
    int next = at;
    int together = width <= 16 ? 4 : 2;
    int size = together * width;
    for (int i = from; i < from + GROUP; i += together) {
      long some = numbers[i] & 0xFFFFFFFFL | (numbers[i + 1] & 0xFFFFFFFFL) << width;
      if (together == 4) {
        some |= ((long) numbers[i + 2] | (long) numbers[i + 3] << width) << 2 * width;
      }
      pending |= some << filled;
      int after = filled + size;
      if (after >= Long.SIZE) {
        words[next] = (int) pending;
        words[next + 1] = (int) (pending >>> 32);
        next += 2;
        // a shift by 64 would be one by 0
        pending = some >>> 1 >>> Long.SIZE - 1 - filled;
        after -= Long.SIZE;
      }
      filled = after;
    }
    if (filled != 0) {
      words[next] = (int) pending;
    }
  }

  /**
   * Unpacks a block.
   *
   * @param words holds the block from {@code at} on; one word after {@code end} must exist
   * @param end index after the last word that may belong to the block
   * @param numbers takes 4096 unsigned numbers
   * @return index after the block's last word; −1 if the words are no block
   */
  public int decode(int[] words, int at, int end, int[] numbers) {
    int next = at + 1;
    if (next > end || !decodeWidths(words, at, end)) {
      return -1;
    }
    long total = 0;
    for (int step = 0; step < STEPS; step++) {
      next += (words[at] >>> 8 * step & 0xFF) % RADIX;
    }
    for (int width : widths) {
      total += width;
    }
    if (total > end - next) {
      return -1;
    }
    for (int g = 0; g < STEPS * GROUPS; g++) {
      int width = widths[g];
      unpack(words, next, width, numbers, g * GROUP);
      next += width;
    }
    return next;
  }

  private boolean decodeWidths(int[] words, int at, int end) {
    int next = at + 1;
    for (int step = 0; step < STEPS; step++) {
      int description = words[at] >>> 8 * step & 0xFF;
      int least = description / RADIX;
      int planes = description % RADIX;
      if (least > MAX_WIDTH || planes > end - next) {
        return false;
      }
      for (int l = 0; l < GROUPS; l++) {
        int width = least;
        for (int plane = 0; plane < planes; plane++) {
          width += (words[next + plane] >>> l & 1) << plane;
        }
        if (width > MAX_WIDTH) {
          return false;
        }
        widths[step * GROUPS + l] = width;
      }
      next += planes;
    }
    return true;
  }

  private static void unpack(int[] words, int at, int width, int[] numbers, int to) {
    if (width == 0) {
      Arrays.fill(numbers, to, to + GROUP, 0);
    } else if (width <= 8) {
      unpackQuads(words, at, width, numbers, to);
    } else {
      long mask = (1L << width) - 1;
      int bit = 0;
      for (int i = to; i < to + GROUP; i++) {
        numbers[i] = (int) (two(words, at, bit) & mask);
        bit += width;
      }
    }
  }

  private static void unpackQuads(int[] words, int at, int width, int[] numbers, int to) {
    int mask = (1 << width) - 1;
    int bit = 0;
    for (int i = to; i < to + GROUP; i += 4) {
      int quad = (int) two(words, at, bit);
      numbers[i] = quad & mask;
      numbers[i + 1] = quad >>> width & mask;
      numbers[i + 2] = quad >>> 2 * width & mask;
      numbers[i + 3] = quad >>> 3 * width & mask;
      bit += 4 * width;
    }
  }

  /** At least 33 bits from a bit on. */
  private static long two(int[] words, int at, int bit) {
    int i = at + (bit >>> 5);
    return (words[i] & 0xFFFFFFFFL | (long) words[i + 1] << 32) >>> (bit & 31);
  }
}
