package dev.tessera.bench;

import static dev.tessera.bench.Numbers.fixed;
import static dev.tessera.bench.Numbers.general;
import static dev.tessera.bench.Numbers.short3;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.tessera.field.Metrics;
import dev.tessera.transform.Precisions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What {@code bench e2e} tells.
 *
 * @param run what it ran on and how it was called
 * @param stack versions of other programs that took part
 * @param sections what was measured, model by model
 */
public record E2eReport(RunInfo run, Map<String, String> stack, List<E2eSection> sections) {
  private static final String NOTE =
      "GB/s of the float32 tiles, which lie in the GPU's memory as the streams do. Times are"
          + " medians; CR counts states and lengths of streams. What random weights restore says"
          + " nothing.\n";
  private static final String NVCOMP_NOTE =
      "bitcomp waits for the stream before it decodes, which is counted.\n";
  private static final String PEERS_NOTE =
      "Peers: inputs and outputs in their own type and layout, |peer - ours| / |ours| of latents"
          + " and of restored tiles.\n";

  /** For people: rates and quality, then layer by layer. */
  public String table() {
    StringBuilder out = new StringBuilder();
    out.append(run.title()).append('\n');
    for (E2eSection section : sections) {
      out.append('\n').append(section.input()).append('\n');
      out.append(rates(section));
      if (!section.peers().isEmpty()) {
        out.append('\n').append(peers(section.peers()));
      }
      section.skipped().forEach(reason -> out.append("not measured: ").append(reason).append('\n'));
    }
    out.append('\n').append(NOTE);
    if (sections.stream()
        .flatMap(section -> section.results().stream())
        .anyMatch(row -> row.codec().endsWith("+bitcomp"))) {
      out.append(NVCOMP_NOTE);
    }
    if (sections.stream().anyMatch(section -> !section.peers().isEmpty())) {
      out.append(PEERS_NOTE);
    }
    for (E2eSection section : sections) {
      section
          .layers()
          .forEach((precision, times) ->
              out.append('\n')
                  .append(section.model())
                  .append('\n')
                  .append(layerTable(precision, times)));
    }
    return out.toString();
  }

  private static TextTable rates(E2eSection section) {
    boolean side = section.results().stream().anyMatch(row -> row.parts().containsKey(E2ePath.HA));
    List<String> headings =
        new ArrayList<>(List.of("precision", "codec", "encode", "decode", "enc ms", "dec ms"));
    List<String> parts = new ArrayList<>(List.of(E2ePath.GA, E2ePath.ENC, E2ePath.GS, E2ePath.DEC));
    if (side) {
      parts.addAll(1, List.of(E2ePath.HA, E2ePath.HS));
    }
    parts.forEach(part -> headings.add(part.replace("_", "").toUpperCase(java.util.Locale.ROOT)));
    headings.addAll(List.of("RMSE", "NRMSE", "PSNR", "max error", "CR"));
    TextTable table = new TextTable(2, headings.toArray(String[]::new));
    for (E2eResult row : section.results()) {
      List<String> cells = new ArrayList<>();
      cells.add(row.precisions().toString());
      cells.add(row.codec());
      cells.add(short3(row.rate(row.encode())));
      cells.add(short3(row.rate(row.decode())));
      cells.add(milliseconds(row.encode()));
      cells.add(milliseconds(row.decode()));
      parts.forEach(part -> cells.add(short3(row.rate(part))));
      cells.add(general(quality(row, Metrics::rmse)));
      cells.add(general(quality(row, Metrics::nrmse)));
      cells.add(fixed(row.psnr(), 3));
      cells.add(general(quality(row, Metrics::maxError)));
      cells.add(fixed(row.ratio(), 2));
      table.add(cells.toArray(String[]::new));
    }
    return table;
  }

  private static String milliseconds(Samples samples) {
    return fixed(1e3 * samples.median(), 3);
  }

  private static double quality(E2eResult row, ToDoubleFunction<Metrics> number) {
    return row.quality().map(number::applyAsDouble).orElse(Double.NaN);
  }

  private static TextTable peers(List<PeerResult> peers) {
    TextTable table = new TextTable(1, "peer", "GA", "GS", "GA differs by", "GS differs by", "");
    for (PeerResult peer : peers) {
      String note = peer.failure().orElse(peer.didTheSame() ? "" : "other results than ours");
      table.add(
          peer.name(),
          short3(peer.analysisRate()),
          short3(peer.synthesisRate()),
          general(peer.analysisError()),
          general(peer.synthesisError()),
          note);
    }
    return table;
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

  /**
   * The chart by a name of its own; none where no weights are trained, so that nothing is judged.
   */
  public Map<String, String> charts(String name) {
    boolean judged =
        sections.stream()
            .flatMap(section -> section.results().stream())
            .anyMatch(row -> row.quality().isPresent());
    return judged ? Map.of(name, chart()) : Map.of();
  }

  /**
   * Throughput over quality: a colour for each codec and a point for each precision; with several
   * models a colour for each codec and precision, and points in the order of the models.
   */
  private String chart() {
    boolean several = sections.stream().map(E2eSection::model).distinct().count() > 1;
    Map<String, List<ScatterChart.Point>> bySeries = new LinkedHashMap<>();
    for (E2eSection section : sections) {
      for (E2eResult row : section.results()) {
        String series = several ? row.codec() + ", " + row.precisions() : row.codec();
        String label = several ? section.model() : row.precisions().toString();
        bySeries
            .computeIfAbsent(series, name -> new ArrayList<>())
            .add(
                new ScatterChart.Point(
                    label, row.psnr(), row.rate(row.encode()), row.rate(row.decode())));
      }
    }
    List<ScatterChart.Series> series = new ArrayList<>();
    bySeries.forEach((name, points) -> series.add(new ScatterChart.Series(name, points)));
    List<String> notes = new ArrayList<>();
    sections.stream().map(E2eSection::input).distinct().forEach(notes::add);
    notes.add(run.title());
    return new ScatterChart(
            "From tiles to streams and back: throughput and quality",
            notes,
            "PSNR of the normalized tiles, dB",
            "GB/s of float32 tiles",
            "encode",
            "decode",
            series,
            several)
        .draw();
  }

  /** For programs: everything. */
  public JsonObject toJson() {
    JsonObject json = run.toJson();
    JsonObject versions = new JsonObject();
    stack.forEach(versions::addProperty);
    json.add("stack", versions);
    JsonArray models = new JsonArray();
    sections.forEach(section -> models.add(section.toJson()));
    json.add("models", models);
    return json;
  }
}
