package dev.tessera.train.data;

/**
 * Random numbers that follow from a few counters and nothing else, so that any crop of any step can
 * be made again: SplitMix64 (Steele, Lea, Flood 2014), started from the counters mixed by its own
 * finalizer.
 */
final class CounterRandom {
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private long state;

  CounterRandom(long... counters) {
    for (long counter : counters) {
      state = mix(state + GOLDEN + counter);
    }
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private long next() {
    state += GOLDEN;
    return mix(state);
  }

  /** A number from 0 to below {@code bound}. */
  long below(long bound) {
    return Math.unsignedMultiplyHigh(next(), bound);
  }

  boolean coin() {
    return next() < 0;
  }

  /** A number from 0 to below 1. */
  double unit() {
    return (next() >>> 11) * 0x1p-53;
  }
}
