package dev.tessera.train;

/**
 * Seeds for what is random in a training. Each is a function of the training's seed, the step and
 * the purpose, so that a resumed training needs no generator's state.
 */
final class Seeds {
  private static final long WEIGHTS = 0x5745494748545331L;
  private static final long NOISE = 0x4e4f495345535445L;

  private Seeds() {}

  /** For the weights that a training starts from. */
  static long weights(long seed) {
    return mixed(seed ^ WEIGHTS);
  }

  /** For the noise that stands for rounding in a step. */
  static long noise(long seed, long step) {
    return mixed(mixed(seed ^ NOISE) + step);
  }

  /** The output function of SplitMix64 (Steele et al., OOPSLA 2014): every bit depends on all. */
  private static long mixed(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
