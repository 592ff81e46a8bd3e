package dev.tessera.synth;

/**
 * Numbers drawn from a seed: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
 * number generators", OOPSLA 2014) and strict arithmetic, so that a seed draws the same on every
 * machine. Of one instance one after the other; {@link #normalAt} and {@link #uniformAt} are
 * numbered instead and thus the same for any number of threads.
 */
final class Draw {
  private final long seed;
  private long count;

  Draw(long seed) {
    this.seed = seed;
  }

  /** A seed of its own for a part of what is drawn. */
  long seed() {
    return seedAt(seed, count++);
  }

  /** Between 0 and 1, not 1. */
  double uniform() {
    return (seed() >>> 11) * 0x1p-53;
  }

  double uniform(double low, double high) {
    return low + (high - low) * uniform();
  }

  /** Positive, uniform in its logarithm. */
  double logUniform(double low, double high) {
    return low * StrictMath.pow(high / low, uniform());
  }

  /** From {@code low} to {@code high}, both included. */
  int integer(int low, int high) {
    return low + (int) (uniform() * (high - low + 1));
  }

  boolean chance(double probability) {
    return uniform() < probability;
  }

  /** One of the given values. */
  double oneOf(double... values) {
    return values[integer(0, values.length - 1)];
  }

  double normal() {
    return normalAt(seed(), 0);
  }

  /** A count with the given mean; above 50 a rounded normal number stands for it. */
  int poisson(double mean) {
    if (mean > 50) {
      return (int) Math.max(0, Math.rint(mean + Math.sqrt(mean) * normal()));
    }
    double threshold = StrictMath.exp(-mean);
    double product = uniform();
    int count = 0;
    while (product > threshold) {
      product *= uniform();
      count++;
    }
    return count;
  }

  /** Standard normal number {@code index} of a seed, by the method of Box and Muller. */
  static double normalAt(long seed, long index) {
    double u = (bits(seed, 2 * index) + 1) * 0x1p-53;
    double v = bits(seed, 2 * index + 1) * 0x1p-53;
    return Math.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(2 * Math.PI * v);
  }

  /** Number {@code index} of a seed, between 0 and 1, not 1. */
  static double uniformAt(long seed, long index) {
    return bits(seed, index) * 0x1p-53;
  }

  /** Seed {@code index} of those that a seed stands for. */
  static long seedAt(long seed, long index) {
    return mix(mix(seed) + index);
  }

  private static long bits(long seed, long index) {
    return seedAt(seed, index) >>> 11;
  }

  private static long mix(long state) {
    long z = state * 0x9e3779b97f4a7c15L + 0x632be59bd9b4e019L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
