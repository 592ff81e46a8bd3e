package dev.tessera.train;

import java.util.SortedMap;
import java.util.TreeMap;

/** How far a training has come: its step, its clock, and when it validates next. */
final class Course {
  /** Validations in a whole budget. */
  private static final double VALIDATIONS = 50;

  /** Steps between two validations at least. */
  private static final int VALIDATION_STEPS = 25;

  /** Where the budget is a time, validations take at most one part in so many of it. */
  private static final double VALIDATION_COST = 20;

  private final Budget budget;
  private long step;
  private double secondsBefore;
  private long started = System.nanoTime();
  private long validatedStep;
  private double validatedSeconds;
  private double validationCost;

  Course(Budget budget) {
    this.budget = budget;
  }

  /** Steps made. */
  long step() {
    return step;
  }

  void advance() {
    step++;
  }

  /** Seconds of training, without pauses between resumptions. */
  double seconds() {
    return secondsBefore + (System.nanoTime() - started) / 1e9;
  }

  /** Starts the clock; what came before, such as reading data, does not count. */
  void start() {
    started = System.nanoTime();
  }

  double share() {
    return budget.share(step, seconds());
  }

  double secondsLeft(double secondsPerStep) {
    return budget.secondsLeft(step, seconds(), secondsPerStep);
  }

  boolean validationIsDue() {
    // the budget may have been another one then
    double before = budget.share(validatedStep, validatedSeconds);
    boolean far = share() - before >= 1 / VALIDATIONS && step - validatedStep >= VALIDATION_STEPS;
    // by steps alone where the budget is of steps, so that the same training validates alike
    return far
        && (budget instanceof Budget.Steps
            || seconds() - validatedSeconds >= VALIDATION_COST * validationCost);
  }

  /**
   * Takes note of a validation.
   *
   * @param cost seconds that it took
   */
  void validated(double cost) {
    validatedStep = step;
    validatedSeconds = seconds();
    validationCost = cost;
  }

  boolean validatedNow() {
    return validatedStep == step && step > 0;
  }

  SortedMap<String, String> state() {
    SortedMap<String, String> state = new TreeMap<>();
    state.put("course.step", Long.toString(step));
    state.put("course.seconds", Double.toString(seconds()));
    state.put("course.validated.step", Long.toString(validatedStep));
    state.put("course.validated.seconds", Double.toString(validatedSeconds));
    state.put("course.validated.cost", Double.toString(validationCost));
    return state;
  }

  /** Steps that a checkpoint's training had made. */
  static long stepOf(CheckpointState state) {
    return state.whole("course.step");
  }

  /** Whether a checkpoint's training had used up its budget. */
  static boolean isFinished(CheckpointState state) {
    Budget budget = Budget.of(Settings.fromMetadata(state.strings()));
    return budget.share(stepOf(state), state.real("course.seconds")) >= 1;
  }

  void restore(CheckpointState state) {
    step = stepOf(state);
    secondsBefore = state.real("course.seconds");
    validatedStep = state.whole("course.validated.step");
    validatedSeconds = state.real("course.validated.seconds");
    validationCost = state.real("course.validated.cost");
  }
}
