package dev.tessera.bench;

import static dev.tessera.bench.Numbers.fixed;
import static dev.tessera.bench.Numbers.short3;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.bench.BarLineChart.Bars;
import dev.tessera.bench.BarLineChart.Group;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What {@code bench pipeline} tells.
 *
 * @param run what it ran on and how it was called
 * @param results all measurements
 */
public record PipelineReport(RunInfo run, List<PipelineResult> results) {
  private static final double WIDTH = 104;

  /** For people: one table per field. */
  public String table() {
    StringBuilder out = new StringBuilder();
    for (BenchField field : fields()) {
      out.append(
          "%s: %s %s, %s MB\n"
              .formatted(
                  field.name(),
                  field.info().shape(),
                  field.type().code(),
                  short3(field.bytes() / 1e6)));
      TextTable table =
          new TextTable(
              2,
              "pipeline",
              "device",
              "encode GB/s",
              "p10..p90",
              "decode GB/s",
              "p10..p90",
              "CR",
              "PSNR dB",
              "max error",
              "of bound");
      for (PipelineResult row : of(field)) {
        table.add(
            row.what().spec().toString(),
            row.device(),
            short3(row.encodeRate()),
            spread(row.times().encode(), field.bytes()),
            short3(row.decodeRate()),
            spread(row.times().decode(), field.bytes()),
            fixed(row.ratio(), 2),
            fixed(row.metrics().psnr(), 2),
            Numbers.general(row.metrics().maxError()),
            fixed(row.errorShare(), 4));
      }
      out.append(table).append('\n');
    }
    out.append("GB/s of the field. CR counts lengths and checks of chunks. Times are medians.\n");
    return out.toString();
  }

  private static String spread(Samples samples, long bytes) {
    return short3(bytes / samples.p90() / 1e9) + ".." + short3(bytes / samples.p10() / 1e9);
  }

  /** For programs: everything. */
  public JsonObject toJson() {
    JsonObject json = run.toJson();
    JsonArray rows = new JsonArray();
    results.forEach(result -> rows.add(result.toJson()));
    json.add("results", rows);
    return json;
  }

  /** A chart for each field, by name. */
  public Map<String, String> charts() {
    Map<String, String> charts = new LinkedHashMap<>();
    for (BenchField field : fields()) {
      charts.put(field.name(), chart(field, of(field)).draw());
    }
    return charts;
  }

  private BarLineChart chart(BenchField field, List<PipelineResult> rows) {
    List<String> devices = rows.stream().map(PipelineResult::device).distinct().toList();
    List<PipelineResult> ordered =
        devices.stream()
            .flatMap(device -> rows.stream().filter(row -> row.device().equals(device)))
            .toList();
    List<Group> groups =
        devices.stream()
            .map(device ->
                new Group(
                    device,
                    WIDTH,
                    false,
                    rows.stream()
                        .filter(row -> row.device().equals(device))
                        .map(row -> row.what().spec().toString().replace(",", "\n"))
                        .toList()))
            .toList();
    return new BarLineChart(
        "Pipelines without a model: throughput and compression ratio",
        List.of(
            field.name() + ", " + field.info().shape() + " " + field.type().code(), run.title()),
        groups,
        "GB/s of the field",
        List.of(
            bars("encode", ordered, row -> row.times().encode()),
            bars("decode", ordered, row -> row.times().decode())),
        "compression ratio",
        "compression ratio",
        ordered.stream().mapToDouble(PipelineResult::ratio).toArray(),
        Double.NaN,
        "");
  }

  private static Bars bars(
      String name, List<PipelineResult> rows, Function<PipelineResult, Samples> samples) {
    double[] bytes = rows.stream().mapToDouble(row -> row.what().field().bytes()).toArray();
    return Bars.of(name, rows.stream().map(samples).toList(), bytes);
  }

  private List<BenchField> fields() {
    return results.stream().map(result -> result.what().field()).distinct().toList();
  }

  private List<PipelineResult> of(BenchField field) {
    return results.stream().filter(result -> result.what().field() == field).toList();
  }
}
