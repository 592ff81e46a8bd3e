package dev.tessera.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.transform.Precisions;
import java.util.List;
import java.util.Map;

/**
 * What was measured of a model.
 *
 * @param model its name
 * @param input what was compressed, in a few words
 * @param results a line of the table each
 * @param layers times of the layers, by precision
 * @param peers other programs that did the same work
 * @param skipped what was not measured and why, a sentence each
 */
public record E2eSection(
    String model,
    String input,
    List<E2eResult> results,
    Map<Precisions, List<LayerTime>> layers,
    List<PeerResult> peers,
    List<String> skipped) {
  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("model", model);
    json.addProperty("input", input);
    JsonArray rows = new JsonArray();
    results.forEach(result -> rows.add(result.toJson()));
    json.add("results", rows);
    JsonObject each = new JsonObject();
    layers.forEach((precision, times) -> {
      JsonArray list = new JsonArray();
      times.forEach(time -> list.add(time.toJson()));
      each.add(precision.toString(), list);
    });
    json.add("layers", each);
    JsonArray others = new JsonArray();
    peers.forEach(peer -> others.add(peer.toJson()));
    json.add("peers", others);
    JsonArray reasons = new JsonArray();
    skipped.forEach(reasons::add);
    json.add("skipped", reasons);
    return json;
  }
}
