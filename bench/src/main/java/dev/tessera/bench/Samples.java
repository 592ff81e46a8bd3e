package dev.tessera.bench;

import com.google.gson.JsonObject;
import dev.tessera.field.TesseraException;
import java.util.Arrays;

/**
 * The times of one measurement's runs, in seconds.
 *
 * @param runs how many there were
 * @param minimum the shortest
 * @param p10 below which a tenth of them lie
 * @param median below which half of them lie
 * @param p90 below which nine tenths of them lie
 */
public record Samples(int runs, double minimum, double p10, double median, double p90) {
  /**
   * Sums up times.
   *
   * @param seconds one time per run, at least one, all positive
   */
  public static Samples of(double... seconds) {
    if (seconds.length == 0) {
      throw new TesseraException.Invalid("a measurement needs at least one run");
    }
    double[] sorted = seconds.clone();
    Arrays.sort(sorted);
    return new Samples(
        sorted.length,
        sorted[0],
        quantile(sorted, 0.1),
        quantile(sorted, 0.5),
        quantile(sorted, 0.9));
  }

  /** Between two samples the quantile is interpolated linearly. */
  private static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  /** Billions of {@code amount} per second in the median run. */
  public double giga(double amount) {
    return amount / median / 1e9;
  }

  /** All of it, in seconds. */
  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("runs", runs);
    json.addProperty("median_s", median);
    json.addProperty("min_s", minimum);
    json.addProperty("p10_s", p10);
    json.addProperty("p90_s", p90);
    return json;
  }
}
