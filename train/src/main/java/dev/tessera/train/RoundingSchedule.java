package dev.tessera.train;

/**
 * How far the syntheses are given rounded latents in training: not at all at first, so that the
 * analysis learns from gradients that are exact for noise; then more and more; in the end only
 * rounded ones, as in use.
 *
 * @param from share of the budget from which on they are given them at all; 1 for never
 */
record RoundingSchedule(double from) {
  /** Share of the budget in which noise gives way to rounding. */
  private static final double RAMP = 0.1;

  boolean isUsed() {
    return from < 1;
  }

  /**
   * The share at some time.
   *
   * @param progress share of the budget that is used up
   */
  double at(double progress) {
    double ramp = Math.min(RAMP, 1 - from);
    return from >= 1 ? 0 : Math.clamp((progress - from) / ramp, 0, 1);
  }
}
