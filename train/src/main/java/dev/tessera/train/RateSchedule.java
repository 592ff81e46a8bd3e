package dev.tessera.train;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How large the learning rate is, as a share of the one asked for: it rises linearly in the first
 * steps, halves whenever validation has not improved for a while, and falls along a half cosine in
 * the last part of the budget.
 */
final class RateSchedule {
  /** Factor of a plateau, and of the rate at the end of the cool-down. */
  private static final double PLATEAU_FACTOR = 0.5;

  private static final double FLOOR = 0.01;

  /** Validations without improvement that make a plateau; PyTorch's default. */
  private static final int PATIENCE = 10;

  /** An improvement is one by more than this share; PyTorch's default. */
  private static final double THRESHOLD = 1e-4;

  /** Share of a short budget in which the rate rises at most. */
  private static final double WARM_UP_SHARE = 0.05;

  private final long warmUp;
  private final double coolDown;
  private double factor = 1;
  private double best = Double.POSITIVE_INFINITY;
  private int waited;

  /**
   * @param warmUp steps in which the rate rises, if they are not too large a part of the budget
   * @param coolDown share of the budget in which it falls
   */
  RateSchedule(long warmUp, double coolDown) {
    this.warmUp = warmUp;
    this.coolDown = coolDown;
  }

  /**
   * The share at a step.
   *
   * @param budgetShare of the budget that is used up
   */
  double at(long step, double budgetShare) {
    double warm = warmUp == 0 ? 1 : Math.max((step + 1.0) / warmUp, budgetShare / WARM_UP_SHARE);
    return Math.min(1, warm) * factor * cooled(budgetShare);
  }

  private double cooled(double budgetShare) {
    double begin = 1 - coolDown;
    if (budgetShare <= begin || coolDown == 0) {
      return 1;
    }
    double position = Math.min(1, (budgetShare - begin) / coolDown);
    return FLOOR + (1 - FLOOR) * 0.5 * (1 + Math.cos(Math.PI * position));
  }

  /**
   * Takes note of a validation. In the cool-down nothing is a plateau: the rate falls anyway.
   *
   * @param loss of the validation set
   */
  void validated(double loss, double budgetShare) {
    if (loss < best * (1 - THRESHOLD)) {
      best = loss;
      waited = 0;
    } else if (budgetShare < 1 - coolDown && ++waited > PATIENCE) {
      factor *= PLATEAU_FACTOR;
      waited = 0;
    }
  }

  SortedMap<String, String> state() {
    return new TreeMap<>(
        Map.of(
            "schedule.factor", Double.toString(factor),
            "schedule.best", Double.toString(best),
            "schedule.waited", Integer.toString(waited)));
  }

  void restore(CheckpointState state) {
    factor = state.real("schedule.factor");
    best = state.real("schedule.best");
    waited = (int) state.whole("schedule.waited");
  }
}
