package dev.tessera.bench;

import dev.tessera.field.TesseraException;

/**
 * How often something is measured.
 *
 * @param warmUp runs before the clock counts
 * @param runs runs that count
 * @param inputSets inputs that the runs take in turn, so that no cache holds them
 */
public record Repetitions(int warmUp, int runs, int inputSets) {
  /** What the runs take in turn. */
  public static final int INPUT_SETS = 4;

  private static final int TIMED = 3;
  private static final long WARM_NANOS = 500_000_000;

  /** Checks the counts. */
  public Repetitions {
    if (warmUp < 0 || runs < 1 || inputSets < 1) {
      throw new TesseraException.Invalid(
          "a measurement takes at least one run, not " + runs + " after " + warmUp);
    }
  }

  /** What counts, after runs that do not: at least one with every input. */
  public static Repetitions of(int runs) {
    return new Repetitions(Math.clamp(runs / 3, INPUT_SETS, 10), runs, INPUT_SETS);
  }

  /**
   * Whether code that is compiled while it runs has had time to be; one or two runs are for trying
   * something out.
   *
   * @param begun time of the first run by {@link System#nanoTime}
   */
  boolean isWarm(long begun) {
    return runs < TIMED || System.nanoTime() - begun >= WARM_NANOS;
  }
}
