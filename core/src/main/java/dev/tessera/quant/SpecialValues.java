package dev.tessera.quant;

import dev.tessera.field.TesseraException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The values of a field that arithmetic cannot carry (NaN, ±Inf, the fill value, what a normalizer
 * does not accept) and that are therefore stored as they are. The most frequent bit patterns get a
 * class number from 1 up; class 0 is an ordinary value, and the class after the last pattern is one
 * whose bits are stored in place. Immutable.
 */
public final class SpecialValues {
  /** So many patterns keep every class number below 255. */
  public static final int MAX_PATTERNS = 250;

  private final List<Long> patterns;
  private final Map<Long, Integer> classes = new HashMap<>();

  /**
   * @param patterns distinct bit patterns, most frequent first, at most {@link #MAX_PATTERNS}
   * @throws TesseraException.Corrupt if there are more
   */
  public SpecialValues(List<Long> patterns) {
    this.patterns = List.copyOf(patterns);
    if (patterns.size() > MAX_PATTERNS) {
      throw new TesseraException.Corrupt(
          patterns.size() + " patterns of special values are more than " + MAX_PATTERNS, -1);
    }
    for (int i = 0; i < patterns.size(); i++) {
      classes.putIfAbsent(patterns.get(i), i + 1);
    }
  }

  /** The bit patterns of classes 1, 2, … */
  public List<Long> patterns() {
    return patterns;
  }

  /** The class of values whose bits are stored in place. */
  public int otherClass() {
    return patterns.size() + 1;
  }

  /** Number of the class of a special value's bit pattern, from 1. */
  public int classOf(long bits) {
    return classes.getOrDefault(bits, otherClass());
  }

  /** The bit pattern behind a class number below {@link #otherClass}. */
  public long pattern(int valueClass) {
    return patterns.get(valueClass - 1);
  }

  /** Counts patterns while a field is read for the first time. */
  public static final class Counter {
    private static final int MAX_COUNTED = 1 << 16;

    private final Map<Long, long[]> counts = new HashMap<>();
    private long total;
    // special values come in runs of one pattern
    private long lastBits;
    private long[] lastCount = {};

    /** Counts one special value. */
    public void add(long bits) {
      total++;
      if (bits != lastBits || lastCount.length == 0) {
        long[] count = counts.get(bits);
        if (count == null) {
          if (counts.size() >= MAX_COUNTED) {
            return;
          }
          count = new long[1];
          counts.put(bits, count);
        }
        lastBits = bits;
        lastCount = count;
      }
      lastCount[0]++;
    }

    /** How many special values there are. */
    public long total() {
      return total;
    }

    /** How many of them are none of the patterns of {@code chosen}, which {@link #choose} gave. */
    public long outside(SpecialValues chosen) {
      return total - chosen.patterns().stream().mapToLong(bits -> counts.get(bits)[0]).sum();
    }

    /** The most frequent patterns; equal counts in the order of their bits. */
    public SpecialValues choose() {
      return new SpecialValues(
          counts.entrySet().stream()
              .sorted(
                  Comparator.<Map.Entry<Long, long[]>>comparingLong(e -> -e.getValue()[0])
                      .thenComparing(Map.Entry::getKey))
              .limit(MAX_PATTERNS)
              .map(Map.Entry::getKey)
              .toList());
    }
  }
}
