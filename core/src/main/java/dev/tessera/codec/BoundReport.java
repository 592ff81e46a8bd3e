package dev.tessera.codec;

/**
 * Whether restored values keep the bound that their file states.
 *
 * @param what the bound in words, as in {@code "|error| <= 0.25"}
 * @param bound the bound: of the error, or of its share of each value for point-wise bounds
 * @param largest the largest error in the same unit
 * @param values values that were compared
 * @param violations how many of them miss the bound
 */
public record BoundReport(String what, double bound, double largest, long values, long violations) {
  /** Whether every value keeps it. */
  public boolean held() {
    return violations == 0;
  }
}
