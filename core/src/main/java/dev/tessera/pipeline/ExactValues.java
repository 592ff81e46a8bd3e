package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

/** The values of one block that are kept bit by bit: places in coded order, ascending. */
final class ExactValues {
  final int[] places = new int[PLACES];
  final long[] bits = new long[PLACES];
  int count;

  void clear() {
    count = 0;
  }

  void add(int place, long valueBits) {
    places[count] = place;
    bits[count++] = valueBits;
  }
}
