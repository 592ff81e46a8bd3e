package dev.tessera.bench;

import com.google.gson.JsonObject;
import java.util.Optional;

/**
 * Another program's networks on the same tiles, weights and card.
 *
 * @param name of the program and how it ran
 * @param tileBytes bytes of the float32 tiles, on which rates are based
 * @param analysis seconds of g_a, the median of many; not a number if it did not run
 * @param synthesis seconds of g_s
 * @param analysisError relative difference of its latents from ours, ‖a − b‖ / ‖b‖
 * @param synthesisError relative difference of its restored tiles from ours
 * @param failure why it did not run
 */
public record PeerResult(
    String name,
    long tileBytes,
    double analysis,
    double synthesis,
    double analysisError,
    double synthesisError,
    Optional<String> failure) {
  /** Beyond this, float16 does not explain a difference: it was other work. */
  private static final double MOST_ERROR = 0.02;

  /** GB/s of g_a. */
  double analysisRate() {
    return tileBytes / analysis / 1e9;
  }

  /** GB/s of g_s. */
  double synthesisRate() {
    return tileBytes / synthesis / 1e9;
  }

  /** Whether its results are ours, up to its precision. */
  boolean didTheSame() {
    return analysisError <= MOST_ERROR && synthesisError <= MOST_ERROR;
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("peer", name);
    if (failure.isPresent()) {
      json.addProperty("failure", failure.get());
      return json;
    }
    json.addProperty("g_a_s", analysis);
    json.addProperty("g_s_s", synthesis);
    json.addProperty("g_a_gb_per_s", analysisRate());
    json.addProperty("g_s_gb_per_s", synthesisRate());
    if (Double.isFinite(analysisError) && Double.isFinite(synthesisError)) {
      json.addProperty("g_a_difference", analysisError);
      json.addProperty("g_s_difference", synthesisError);
    }
    json.addProperty("same_work", didTheSame());
    return json;
  }
}
