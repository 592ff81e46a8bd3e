package dev.tessera.bench;

import static dev.tessera.bench.Numbers.fixed;
import static dev.tessera.bench.Numbers.short3;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code bench rans} tells.
 *
 * @param run what it ran on and how it was called
 * @param results all measurements
 */
public record RansReport(RunInfo run, List<RansResult> results) {
  /** For people: one table per set of latents. */
  public String table() {
    StringBuilder out = new StringBuilder();
    for (LatentSet latents : latents()) {
      List<RansResult> rows = of(latents);
      out.append(describe(latents, rows.getFirst().idealBytes())).append('\n');
      TextTable table =
          new TextTable(
              2,
              "device",
              "profile",
              "P",
              "streams",
              "encode GB/s",
              "p10..p90",
              "decode GB/s",
              "p10..p90",
              "Msym/s enc",
              "dec",
              "input GB/s enc",
              "dec",
              "CR",
              "input CR",
              "of ideal");
      for (RansResult row : rows) {
        table.add(
            row.device(),
            row.profileName(),
            row.codesStreams() ? Integer.toString(row.what().channelsPerStream()) : "-",
            row.codesStreams() ? Integer.toString(row.what().layout().streams()) : "-",
            short3(row.encodeRate()),
            spread(row.times().encode(), latents.int32Bytes()),
            short3(row.decodeRate()),
            spread(row.times().decode(), latents.int32Bytes()),
            short3(row.encodeRate() * 250),
            short3(row.decodeRate() * 250),
            short3(inputRate(row.times().encode(), latents)),
            short3(inputRate(row.times().decode(), latents)),
            fixed(row.ratio(), 2),
            fixed(row.inputRatio(), 1),
            fixed(100 * row.share(), 2) + " %");
      }
      out.append(table).append('\n');
    }
    out.append(
        "GB/s and CR on the basis of 32-bit symbols; input: of the float32 tiles. CR counts states"
            + " and lengths of streams. Times are medians.\n");
    return out.toString();
  }

  private static String describe(LatentSet latents, double ideal) {
    return "%s: %d tiles of %dx%dx%d, %s M symbols, %s bits a symbol, ideal CR %s"
        .formatted(
            latents.name(),
            latents.tiles(),
            latents.channels(),
            latents.height(),
            latents.width(),
            short3(latents.symbols().length / 1e6),
            fixed(8 * ideal / latents.symbols().length, 4),
            fixed(latents.int32Bytes() / ideal, 2));
  }

  private static double inputRate(Samples samples, LatentSet latents) {
    return latents.inputBytes() == 0 ? Double.NaN : samples.giga(latents.inputBytes());
  }

  private static String spread(Samples samples, long bytes) {
    return short3(bytes / samples.p90() / 1e9) + ".." + short3(bytes / samples.p10() / 1e9);
  }

  /** For programs: everything. */
  public JsonObject toJson() {
    JsonObject json = run.toJson();
    JsonArray sets = new JsonArray();
    for (LatentSet latents : latents()) {
      double ideal = of(latents).getFirst().idealBytes();
      JsonObject set = new JsonObject();
      set.addProperty("name", latents.name());
      set.addProperty("tiles", latents.tiles());
      set.addProperty("channels", latents.channels());
      set.addProperty("height", latents.height());
      set.addProperty("width", latents.width());
      set.addProperty("int32_bytes", latents.int32Bytes());
      set.addProperty("float32_input_bytes", latents.inputBytes());
      set.addProperty("ideal_bytes", ideal);
      set.addProperty("ideal_cr_int32", latents.int32Bytes() / ideal);
      sets.add(set);
    }
    json.add("latents", sets);
    JsonArray rows = new JsonArray();
    results.forEach(result -> rows.add(result.toJson()));
    json.add("results", rows);
    return json;
  }

  /** A chart for each set of latents, by name. */
  public Map<String, String> charts() {
    Map<String, String> charts = new LinkedHashMap<>();
    for (LatentSet latents : latents()) {
      charts.put(latents.name(), PControlChart.of(latents, of(latents), run.title()).draw());
    }
    return charts;
  }

  private List<LatentSet> latents() {
    return results.stream().map(result -> result.what().latents()).distinct().toList();
  }

  private List<RansResult> of(LatentSet latents) {
    return results.stream().filter(result -> result.what().latents() == latents).toList();
  }
}
