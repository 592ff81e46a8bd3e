package dev.tessera.train;

/**
 * What λ is in the course of a training. A channel of the latent that is worth less than its bits
 * early on is given up and never comes back, though the networks would have learned to use it; with
 * many bits to spend at first, few are. So λ may begin higher and fall to what is asked for, by
 * equal ratios, in the first part of the budget.
 *
 * @param from λ at the beginning
 * @param to λ from the end of the fall on
 */
record LambdaSchedule(double from, double to) {
  /** Share of the budget in which λ falls. */
  private static final double FALL = 0.4;

  static LambdaSchedule of(TrainingOptions options) {
    return new LambdaSchedule(options.lambdaFrom().orElse(options.lambda()), options.lambda());
  }

  /**
   * λ as a multiple of what it ends at.
   *
   * @param budgetShare of the budget that is used up
   */
  double multiple(double budgetShare) {
    return settled(budgetShare) ? 1 : Math.pow(from / to, 1 - budgetShare / FALL);
  }

  /** Whether λ has come to its end, so that losses can be compared. */
  boolean settled(double budgetShare) {
    return from == to || budgetShare >= FALL;
  }
}
