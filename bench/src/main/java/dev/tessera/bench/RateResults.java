package dev.tessera.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/**
 * Points as JSON. Each curve, and each of its fields, is an object as CompressAI's {@code
 * eval_model} prints it: {@code name}, {@code description} and {@code results}, arrays with an
 * entry for each rate; {@code labels} says which. JSON has no infinity: null stands for it, and for
 * what was not measured.
 */
final class RateResults {
  private RateResults() {}

  static JsonObject of(RateReport report) {
    JsonObject json = report.run().toJson();
    Map<String, Map<String, List<RatePoint>>> curves = new LinkedHashMap<>();
    for (RatePoint point : report.points()) {
      curves
          .computeIfAbsent(point.curve(), name -> new LinkedHashMap<>())
          .computeIfAbsent(point.field(), name -> new ArrayList<>())
          .add(point);
    }
    JsonArray list = new JsonArray();
    curves.forEach((name, fields) -> list.add(curve(name, fields)));
    json.add("curves", list);
    report.anchor().ifPresent(anchor -> json.addProperty("anchor", anchor));
    JsonArray comparisons = new JsonArray();
    report.comparisons().forEach(comparison -> comparisons.add(comparison(comparison)));
    json.add("comparisons", comparisons);
    return json;
  }

  private static JsonObject curve(String name, Map<String, List<RatePoint>> fields) {
    List<List<RatePoint>> each = List.copyOf(fields.values());
    JsonObject json = new JsonObject();
    json.addProperty("name", name);
    // points of another program need not come in the same settings for every field
    if (each.stream().map(RateResults::labels).distinct().count() == 1) {
      json.addProperty("description", "mean of " + String.join(", ", fields.keySet()));
      json.add("labels", strings(labels(each.getFirst())));
      json.add("results", results(each));
    }
    JsonArray list = new JsonArray();
    fields.forEach((field, points) -> {
      JsonObject of = new JsonObject();
      of.addProperty("name", name);
      of.addProperty("description", field);
      of.addProperty("field", field);
      of.add("labels", strings(labels(points)));
      if (points.stream().allMatch(point -> point.measured().isPresent())) {
        of.add(
            "normalizers",
            strings(
                points.stream()
                    .map(point -> point.measured().orElseThrow().normalizer().toString())
                    .toList()));
      }
      of.add("results", results(List.of(points)));
      list.add(of);
    });
    json.add("fields", list);
    return json;
  }

  private static List<String> labels(List<RatePoint> points) {
    return points.stream().map(RatePoint::label).toList();
  }

  private static JsonArray strings(List<String> texts) {
    JsonArray array = new JsonArray();
    texts.forEach(array::add);
    return array;
  }

  /** Columns of one field, or the means of several: CompressAI's names first, then our own. */
  private static JsonObject results(List<List<RatePoint>> fields) {
    JsonObject json = new JsonObject();
    json.add("bpp", column(fields, RatePoint::bitsPerValue));
    for (Domain domain : Domain.values()) {
      if (fields.stream().flatMap(List::stream).anyMatch(p -> p.psnr().containsKey(domain))) {
        json.add(
            "psnr" + domain.suffix(),
            column(fields, point -> point.psnr().getOrDefault(domain, Double.NaN)));
      }
    }
    if (fields.stream().flatMap(List::stream).allMatch(p -> p.measured().isPresent())) {
      measured(json, fields);
    }
    return json;
  }

  private static void measured(JsonObject json, List<List<RatePoint>> fields) {
    json.add("encoding_time", column(fields, of(RatePoint.Measured::encodeSeconds)));
    json.add("decoding_time", column(fields, of(RatePoint.Measured::decodeSeconds)));
    json.add("bpp-streams", column(fields, of(RatePoint.Measured::streamBitsPerValue)));
    json.add("bytes", column(fields, of(RatePoint.Measured::bytes)));
    json.add("cr", column(fields, of(RatePoint.Measured::ratio)));
    for (Domain domain : Domain.values()) {
      if (json.has("psnr" + domain.suffix())) {
        add(json, fields, domain, "rmse", quality -> quality.metrics().rmse());
        add(json, fields, domain, "nrmse", quality -> quality.metrics().nrmse());
        add(json, fields, domain, "max-error", quality -> quality.metrics().maxError());
        add(json, fields, domain, "ssim", DomainQuality::ssim);
        add(json, fields, domain, "ms-ssim", DomainQuality::multiScale);
      }
    }
  }

  private static void add(
      JsonObject json,
      List<List<RatePoint>> fields,
      Domain domain,
      String name,
      ToDoubleFunction<DomainQuality> value) {
    json.add(
        name + domain.suffix(),
        column(
            fields,
            of(measured -> {
              DomainQuality quality = measured.quality().get(domain);
              return quality == null ? Double.NaN : value.applyAsDouble(quality);
            })));
  }

  private static ToDoubleFunction<RatePoint> of(ToDoubleFunction<RatePoint.Measured> value) {
    return point -> value.applyAsDouble(point.measured().orElseThrow());
  }

  /** The mean over the fields that have a value, for each rate. */
  private static JsonArray column(List<List<RatePoint>> fields, ToDoubleFunction<RatePoint> value) {
    JsonArray array = new JsonArray();
    for (int i = 0; i < fields.getFirst().size(); i++) {
      int rate = i;
      OptionalDouble mean =
          fields.stream()
              .mapToDouble(points -> value.applyAsDouble(points.get(rate)))
              .filter(number -> !Double.isNaN(number))
              .average();
      boolean finite = mean.isPresent() && Double.isFinite(mean.getAsDouble());
      array.add(finite ? new JsonPrimitive(mean.getAsDouble()) : JsonNull.INSTANCE);
    }
    return array;
  }

  private static JsonObject comparison(CurveComparison comparison) {
    JsonObject json = new JsonObject();
    json.addProperty("curve", comparison.curve());
    json.addProperty("field", comparison.field());
    json.addProperty("domain", comparison.domain().text());
    json.add("bd_rate", number(comparison.bdRate()));
    json.add("bd_psnr", number(comparison.bdPsnr()));
    json.add("reasons", strings(comparison.reasons()));
    return json;
  }

  private static JsonElement number(OptionalDouble value) {
    return value.isPresent() ? new JsonPrimitive(value.getAsDouble()) : JsonNull.INSTANCE;
  }
}
