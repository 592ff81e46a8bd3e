package dev.tessera.train.data;

import dev.tessera.transform.Normalizer;
import dev.tessera.transform.SliceMap;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What becomes of each plane's kept values: x → (x·scale − offset) / width, where width 0 stands
 * for planes that are 0 everywhere. Three binary64 numbers a plane, little-endian, so that a mapped
 * file serves as well as an array.
 */
final class PlaneMaps {
  private static final ValueLayout.OfDouble NUMBER =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int NUMBERS = 3;
  private static final int BYTES = 8 * NUMBERS;

  private final MemorySegment numbers;
  private final boolean shared;

  /** Maps whose {@link #numbers} were kept. */
  PlaneMaps(MemorySegment numbers) {
    this.numbers = numbers;
    this.shared = numbers.byteSize() == BYTES;
  }

  /**
   * The maps of a fitted normalizer; one for all planes where they have none of their own.
   *
   * @param base what was subtracted from the values that are kept
   * @param unit what they were divided by then
   */
  static PlaneMaps of(Normalizer normalizer, long planes, double base, double unit) {
    int count = normalizer.isPerSlice() ? (int) planes : 1;
    PlaneMaps maps = new PlaneMaps(MemorySegment.ofArray(new double[NUMBERS * count]));
    for (long plane = 0; plane < count; plane++) {
      maps.set(plane, normalizer.map(plane), base, unit);
    }
    return maps;
  }

  private void set(long plane, SliceMap map, double base, double unit) {
    boolean flat = map.kind() == SliceMap.Kind.FLAT;
    numbers.setAtIndex(NUMBER, NUMBERS * plane, flat ? 0 : map.offset() - base * map.scale());
    numbers.setAtIndex(NUMBER, NUMBERS * plane + 1, flat ? 0 : map.width());
    numbers.setAtIndex(NUMBER, NUMBERS * plane + 2, flat ? 0 : map.scale() * unit);
  }

  /** What becomes 0, in the scaled unit. */
  double offset(long plane) {
    return number(plane, 0);
  }

  /** What becomes 1 beyond that; 0 for a plane that is 0 everywhere. */
  double width(long plane) {
    return number(plane, 1);
  }

  /** The factor before. */
  double scale(long plane) {
    return number(plane, 2);
  }

  private double number(long plane, int which) {
    return numbers.getAtIndex(NUMBER, shared ? which : NUMBERS * plane + which);
  }

  /** Whether no plane has two different values. */
  boolean allFlat() {
    for (long plane = 0; plane < numbers.byteSize() / BYTES; plane++) {
      if (width(plane) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Offset, width and scale of each plane. */
  MemorySegment numbers() {
    return numbers;
  }
}
