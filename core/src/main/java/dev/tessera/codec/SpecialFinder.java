package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.field.FieldInfo;
import dev.tessera.transform.NormalizerSpec;
import java.lang.foreign.MemorySegment;
import java.util.function.DoublePredicate;

/**
 * Tells which values of a field are special for a pipeline: NaN, infinities, the fill value, and
 * what the normalizer does not accept. Fields without any are the rule, so that is found out fast.
 * For one thread at a time.
 */
final class SpecialFinder {
  private static final int FLOAT_EXPONENT = 0x7f800000;
  private static final int ROW = 4096;

  private final DataType type;
  private final boolean hasFill;
  private final long fill;
  private final boolean normalized;
  private final DoublePredicate domain;
  private final int[] bits = new int[ROW];
  private final double[] row = new double[ROW];

  /**
   * @param normalizer the stages that are applied to values
   */
  SpecialFinder(FieldInfo info, NormalizerSpec normalizer) {
    this.type = info.type();
    this.hasFill = info.fillBits().isPresent();
    this.fill = info.fillBits().orElse(0);
    this.normalized = !normalizer.stages().isEmpty();
    // accepts what the normalizer will that is fitted to the field
    this.domain = normalized ? normalizer.fit(type, 1)::inDomain : Double::isFinite;
  }

  /**
   * Marks special values.
   *
   * @param values elements of the field's type, from index {@code first} on
   * @param marks takes {@code count} marks from 0 on; what it holds where none is special means
   *     nothing
   * @return how many are special
   */
  int find(MemorySegment values, long first, int count, boolean[] marks) {
    if (!hasFill && !normalized) {
      if (!type.isFloat()) {
        return 0;
      }
      if (type == DataType.FLOAT32 && allFinite(values, first, count)) {
        return 0;
      }
    }
    int found = 0;
    for (int from = 0; from < count; from += ROW) {
      int length = Math.min(ROW, count - from);
      type.read(values, first + from, row, length);
      for (int i = 0; i < length; i++) {
        boolean special =
            !domain.test(row[i]) || hasFill && type.getBits(values, first + from + i) == fill;
        marks[from + i] = special;
        found += special ? 1 : 0;
      }
    }
    return found;
  }

  private boolean allFinite(MemorySegment values, long first, int count) {
    for (int from = 0; from < count; from += ROW) {
      int length = Math.min(ROW, count - from);
      MemorySegment.copy(values, DataType.LE_INT, 4 * (first + from), bits, 0, length);
      int largest = 0;
      for (int i = 0; i < length; i++) {
        largest = Math.max(largest, bits[i] & FLOAT_EXPONENT);
      }
      if (largest == FLOAT_EXPONENT) {
        return false;
      }
    }
    return true;
  }
}
