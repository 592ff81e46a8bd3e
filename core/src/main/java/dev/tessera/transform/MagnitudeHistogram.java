package dev.tessera.transform;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How often magnitudes of float32 values occur, in bins of equal ratio: all values that share
 * exponent and the first seven bits of the mantissa, so that a bin is less than one percent wide.
 */
public final class MagnitudeHistogram {
  private static final int DROPPED = 16;
  private static final int BINS = 1 << (Integer.SIZE - 1 - DROPPED);

  private final long[] counts = new long[BINS];
  private long total;
  private float max;

  /** Adds float32 values in native byte order. */
  public void add(MemorySegment values) {
    long count = values.byteSize() / Float.BYTES;
    for (long i = 0; i < count; i++) {
      float size = Math.abs(values.getAtIndex(ValueLayout.JAVA_FLOAT, i));
      max = Math.max(max, size);
      counts[bin(size)]++;
    }
    total += count;
  }

  private static int bin(float size) {
    return Float.floatToRawIntBits(size) >>> DROPPED;
  }

  /** The largest magnitude; NaN if a value was. */
  public float max() {
    return max;
  }

  /**
   * A magnitude that a share of the values do not exceed.
   *
   * @param share 0…1
   */
  public float quantile(double share) {
    long wanted = (long) Math.ceil(share * total);
    long below = 0;
    for (int bin = 0; bin < BINS; bin++) {
      below += counts[bin];
      if (below >= wanted) {
        return Math.min(max, end(bin));
      }
    }
    return max;
  }

  /** Share of the values in bins that begin beyond a magnitude, 0…1. */
  public double shareAbove(float limit) {
    if (total == 0) {
      return 0;
    }
    long above = 0;
    for (int bin = bin(limit) + 1; bin < BINS; bin++) {
      above += counts[bin];
    }
    return (double) above / total;
  }

  /** The largest number of a bin. */
  private static float end(int bin) {
    return Float.intBitsToFloat(bin << DROPPED | (1 << DROPPED) - 1);
  }
}
