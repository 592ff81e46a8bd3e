package dev.tessera.bench;

import com.google.gson.JsonObject;

/**
 * How long a layer took among its neighbours.
 *
 * @param name the layer's, as in {@code g_a.2}
 * @param operations multiplications and additions that its definition takes; 0 for a mere copy
 * @param times of the layer
 * @param peak the most operations a second that the device could do, 0 where that is not known
 */
public record LayerTime(String name, double operations, Samples times, double peak) {
  /** 10^12 operations a second. */
  double teraflops() {
    return operations == 0 ? Double.NaN : operations / times.median() / 1e12;
  }

  /** Share of the peak, 0…1. */
  double share() {
    return operations == 0 || peak == 0 ? Double.NaN : operations / times.median() / peak;
  }

  JsonObject toJson() {
    JsonObject json = times.toJson();
    json.addProperty("layer", name);
    json.addProperty("operations", operations);
    if (operations > 0) {
      json.addProperty("tflops", teraflops());
    }
    if (Double.isFinite(share())) {
      json.addProperty("share_of_peak", share());
    }
    return json;
  }
}
