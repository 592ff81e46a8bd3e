package dev.tessera.codec;

import dev.tessera.field.DataType;
import java.lang.foreign.MemorySegment;

/**
 * Puts ordinary values at the places of special ones, which are stored elsewhere, so that these
 * cost the chunk little: the value before in the row, in rows without any the row before, in planes
 * without any the plane before; at the start, what comes first. Works on bit patterns, so that
 * nothing is computed.
 */
final class StandIns {
  private StandIns() {}

  /**
   * Replaces special values.
   *
   * @param values the chunk's values from element {@code at} on, changed in place
   * @param special which of them are special
   * @param lastResort bits that a chunk of special values alone takes
   */
  static void fill(
      DataType type,
      MemorySegment values,
      long at,
      ChunkBox box,
      boolean[] special,
      long lastResort) {
    int rows = box.depth() * box.height();
    boolean[] empty = new boolean[rows];
    int width = box.width();
    for (int r = 0; r < rows; r++) {
      empty[r] = !fillRow(type, values, at + (long) r * width, special, r * width, width);
    }
    for (int r = 0; r < rows; r++) {
      if (empty[r]) {
        int source = source(empty, r, box.height());
        for (int i = 0; i < width; i++) {
          long bits =
              source < 0 ? lastResort : type.getBits(values, at + (long) source * width + i);
          type.setBits(values, at + (long) r * width + i, bits);
        }
        empty[r] = source < 0;
      }
    }
  }

  /** Fills the gaps of one row; false if it has no value at all. */
  private static boolean fillRow(
      DataType type, MemorySegment values, long at, boolean[] special, int from, int width) {
    int first = 0;
    while (first < width && special[from + first]) {
      first++;
    }
    if (first == width) {
      return false;
    }
    long last = type.getBits(values, at + first);
    for (int i = 0; i < width; i++) {
      if (special[from + i]) {
        type.setBits(values, at + i, last);
      } else {
        last = type.getBits(values, at + i);
      }
    }
    return true;
  }

  /**
   * The row that an empty one copies: the one above; in the first row of a plane the next filled
   * one below, else the same row of the plane before, else the first filled one of all; −1 where
   * there is none.
   */
  private static int source(boolean[] empty, int row, int height) {
    int inPlane = row % height;
    if (inPlane > 0 && !empty[row - 1]) {
      return row - 1;
    }
    for (int r = row + 1; r < row - inPlane + height; r++) {
      if (!empty[r]) {
        return r;
      }
    }
    if (row >= height && !empty[row - height]) {
      return row - height;
    }
    for (int r = row + 1; r < empty.length; r++) {
      if (!empty[r]) {
        return r;
      }
    }
    return -1;
  }
}
