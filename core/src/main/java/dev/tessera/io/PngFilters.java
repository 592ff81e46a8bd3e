package dev.tessera.io;

import dev.tessera.field.TesseraException;

/**
 * The five row filters of PNG (PNG specification, third edition, clause 9), forward and inverse. A
 * row is its packed bytes without the leading filter type; {@code step} is the distance in bytes to
 * the same byte of the pixel to the left, at least 1.
 */
final class PngFilters {
  static final int COUNT = 5;

  private PngFilters() {}

  /** Filters the first {@code length} bytes of {@code row} into {@code out}. */
  static void filter(int type, byte[] row, byte[] above, byte[] out, int length, int step) {
    for (int i = 0; i < length; i++) {
      int left = i < step ? 0 : row[i - step] & 0xff;
      int up = above[i] & 0xff;
      int corner = i < step ? 0 : above[i - step] & 0xff;
      out[i] = (byte) (row[i] - predict(type, left, up, corner));
    }
  }

  /**
   * Restores the first {@code length} bytes of {@code row} in place.
   *
   * @throws TesseraException.Corrupt if there is no such filter
   */
  static void unfilter(int type, byte[] row, byte[] above, int length, int step) {
    if (type < 0 || type >= COUNT) {
      throw new TesseraException.Corrupt("the PNG image names the unknown row filter " + type, -1);
    }
    if (type == 0) {
      return;
    }
    for (int i = 0; i < length; i++) {
      int left = i < step ? 0 : row[i - step] & 0xff;
      int up = above[i] & 0xff;
      int corner = i < step ? 0 : above[i - step] & 0xff;
      row[i] = (byte) (row[i] + predict(type, left, up, corner));
    }
  }

  private static int predict(int type, int left, int up, int corner) {
    return switch (type) {
      case 0 -> 0;
      case 1 -> left;
      case 2 -> up;
      case 3 -> (left + up) >>> 1;
      default -> paeth(left, up, corner);
    };
  }

  private static int paeth(int left, int up, int corner) {
    int toLeft = Math.abs(up - corner);
    int toUp = Math.abs(left - corner);
    int toCorner = Math.abs(left + up - 2 * corner);
    if (toLeft <= toUp && toLeft <= toCorner) {
      return left;
    }
    return toUp <= toCorner ? up : corner;
  }

  /**
   * The filter whose bytes, taken as signed, have the smallest sum of magnitudes: the rule of thumb
   * that the specification recommends (clause 12.7).
   *
   * @param out receives the filtered row
   * @param scratch as long as {@code out}
   */
  static int filterBest(
      byte[] row, byte[] above, byte[] out, byte[] scratch, int length, int step) {
    int best = 0;
    long bestSum = Long.MAX_VALUE;
    for (int type = 0; type < COUNT; type++) {
      filter(type, row, above, scratch, length, step);
      long sum = 0;
      for (int i = 0; i < length; i++) {
        sum += Math.abs((int) scratch[i]);
      }
      if (sum < bestSum) {
        bestSum = sum;
        best = type;
        System.arraycopy(scratch, 0, out, 0, length);
      }
    }
    return best;
  }
}
