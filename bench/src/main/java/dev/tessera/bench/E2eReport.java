package dev.tessera.bench;

import static dev.tessera.bench.Numbers.fixed;
import static dev.tessera.bench.Numbers.general;
import static dev.tessera.bench.Numbers.short3;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.transform.Precisions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code bench e2e} tells.
 *
 * @param run what it ran on and how it was called
 * @param input what was compressed, in a few words
 * @param results a line of the table each
 * @param layers times of the layers, by precision
 */
public record E2eReport(
    RunInfo run, String input, List<E2eResult> results, Map<Precisions, List<LayerTime>> layers) {
  /** For people: rates and quality, then layer by layer. */
  public String table() {
    TextTable table =
        new TextTable(
            2,
            "precision",
            "codec",
            "encode",
            "decode",
            "GA",
            "ENC",
            "GS",
            "DEC",
            "RMSE",
            "NRMSE",
            "PSNR",
            "max error",
            "CR");
    for (E2eResult row : results) {
      table.add(
          row.precisions().toString(),
          row.codec(),
          short3(row.rate(row.encode())),
          short3(row.rate(row.decode())),
          short3(row.rate(row.analysis())),
          short3(row.rate(row.encoding())),
          short3(row.rate(row.synthesis())),
          short3(row.rate(row.decoding())),
          general(row.quality().rmse()),
          general(row.quality().nrmse()),
          fixed(row.quality().psnr(), 3),
          general(row.quality().maxError()),
          fixed(row.ratio(), 2));
    }
    StringBuilder out = new StringBuilder();
    out.append(run.title()).append("; ").append(input).append('\n');
    out.append(table);
    out.append(
        "GB/s of the float32 tiles, which lie in the GPU's memory as the streams do. Times are"
            + " medians; CR counts states and lengths of streams.\n\n");
    layers.forEach((precision, times) -> out.append(layerTable(precision, times)).append('\n'));
    return out.toString();
  }

  private static String layerTable(Precisions precision, List<LayerTime> times) {
    TextTable table = new TextTable(2, "precision", "layer", "ms", "TFLOP/s", "of peak");
    for (LayerTime time : times) {
      table.add(
          precision.toString(),
          time.name(),
          fixed(1e3 * time.times().median(), 4),
          short3(time.teraflops()),
          Double.isFinite(time.share()) ? fixed(100 * time.share(), 1) + " %" : "-");
    }
    return table.toString();
  }

  /** Throughput over quality: a point for each precision, a colour for each coder. */
  public String chart() {
    Map<String, List<ScatterChart.Point>> byCodec = new LinkedHashMap<>();
    for (E2eResult row : results) {
      byCodec
          .computeIfAbsent(row.codec(), codec -> new ArrayList<>())
          .add(
              new ScatterChart.Point(
                  row.precisions().toString(),
                  row.quality().psnr(),
                  row.rate(row.encode()),
                  row.rate(row.decode())));
    }
    List<ScatterChart.Series> series = new ArrayList<>();
    byCodec.forEach((codec, points) -> series.add(new ScatterChart.Series(codec, points)));
    return new ScatterChart(
            "From tiles to streams and back: throughput and quality",
            List.of(input, run.title()),
            "PSNR of the normalized tiles, dB",
            "GB/s of float32 tiles",
            "encode",
            "decode",
            series)
        .draw();
  }

  /** For programs: everything. */
  public JsonObject toJson() {
    JsonObject json = run.toJson();
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
    return json;
  }
}
