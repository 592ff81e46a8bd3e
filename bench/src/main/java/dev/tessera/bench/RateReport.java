package dev.tessera.bench;

import static dev.tessera.bench.Numbers.fixed;
import static dev.tessera.bench.Numbers.general;
import static dev.tessera.bench.Numbers.short3;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What {@code tessera eval} tells people; {@link RateResults} is for programs.
 *
 * @param run what it ran on and how it was called
 * @param points everything that was measured or read, curve by curve
 * @param anchor what curves are compared with; empty where there is one curve
 * @param comparisons of the other curves with it
 */
public record RateReport(
    RunInfo run,
    List<RatePoint> points,
    Optional<String> anchor,
    List<CurveComparison> comparisons) {
  /** For people: all points, then the distances between curves. */
  public String table() {
    StringBuilder out = new StringBuilder(run.title()).append('\n');
    for (Domain domain : Domain.values()) {
      if (points.stream().anyMatch(point -> measuredIn(point, domain))) {
        out.append('\n').append(pointTable(domain));
      }
    }
    out.append(
        "\nBits of the whole file; 'streams' of the entropy-coded streams alone. Times are of one"
            + " run, start-up included.\n");
    anchor.ifPresent(name -> out.append('\n').append(comparisonTable(name)));
    return out.toString();
  }

  private static boolean measuredIn(RatePoint point, Domain domain) {
    return point.measured().isPresent() && point.psnr().containsKey(domain);
  }

  private String pointTable(Domain domain) {
    String unit = domain == Domain.LINEAR ? "" : " of log10";
    boolean multiScale =
        points.stream()
            .filter(point -> measuredIn(point, domain))
            .anyMatch(point -> !Double.isNaN(quality(point, domain).multiScale()));
    List<String> headings =
        new ArrayList<>(
            List.of(
                "field",
                "curve",
                "model or pipeline",
                "bits/value",
                "streams",
                "CR",
                "PSNR" + unit,
                "RMSE",
                "NRMSE",
                "max error",
                "SSIM"));
    if (multiScale) {
      headings.add("MS-SSIM");
    }
    headings.addAll(List.of("encode s", "decode s"));
    TextTable table = new TextTable(3, headings.toArray(String[]::new));
    for (RatePoint point : byField(points)) {
      if (!measuredIn(point, domain)) {
        continue;
      }
      RatePoint.Measured measured = point.measured().orElseThrow();
      DomainQuality quality = quality(point, domain);
      double psnr = point.psnr().get(domain);
      List<String> cells =
          new ArrayList<>(
              List.of(
                  point.field(),
                  point.curve(),
                  point.label(),
                  fixed(point.bitsPerValue(), 4),
                  fixed(measured.streamBitsPerValue(), 4),
                  fixed(measured.ratio(), 1),
                  psnr == Double.POSITIVE_INFINITY ? "exact" : fixed(psnr, 2),
                  general(quality.metrics().rmse()),
                  general(quality.metrics().nrmse()),
                  general(quality.metrics().maxError()),
                  fixed(quality.ssim(), 4)));
      if (multiScale) {
        cells.add(fixed(quality.multiScale(), 4));
      }
      cells.add(short3(measured.encodeSeconds()));
      cells.add(short3(measured.decodeSeconds()));
      table.add(cells.toArray(String[]::new));
    }
    return table.toString();
  }

  private static DomainQuality quality(RatePoint point, Domain domain) {
    return point.measured().orElseThrow().quality().get(domain);
  }

  /** All points of the first field, of the second, and so on. */
  private static List<RatePoint> byField(List<RatePoint> points) {
    Map<String, List<RatePoint>> fields = new LinkedHashMap<>();
    points.forEach(
        point -> fields.computeIfAbsent(point.field(), name -> new ArrayList<>()).add(point));
    return fields.values().stream().flatMap(Collection::stream).toList();
  }

  private String comparisonTable(String name) {
    TextTable table = new TextTable(3, "curve", "field", "domain", "BD-rate", "BD-PSNR");
    Set<String> reasons = new LinkedHashSet<>();
    Map<String, List<CurveComparison>> groups = new LinkedHashMap<>();
    for (CurveComparison comparison : comparisons) {
      String group = comparison.curve() + "\n" + comparison.domain();
      groups.computeIfAbsent(group, key -> new ArrayList<>()).add(comparison);
    }
    for (List<CurveComparison> group : groups.values()) {
      for (CurveComparison comparison : group) {
        row(table, comparison, comparison.field(), comparison.bdRate(), comparison.bdPsnr());
        comparison
            .reasons()
            .forEach(reason ->
                reasons.add(
                    "%s, %s: %s"
                        .formatted(comparison.field(), comparison.domain().text(), reason)));
      }
      if (group.size() > 1) {
        List<Double> rates = present(group.stream().map(CurveComparison::bdRate).toList());
        List<Double> psnrs = present(group.stream().map(CurveComparison::bdPsnr).toList());
        String of =
            "mean of " + rates.size() + (psnrs.size() == rates.size() ? "" : ", " + psnrs.size());
        row(table, group.getFirst(), of, mean(rates), mean(psnrs));
      }
    }
    StringBuilder out = new StringBuilder("against ").append(name).append(":\n").append(table);
    reasons.forEach(reason -> out.append(reason).append('\n'));
    return out.toString();
  }

  private static void row(
      TextTable table, CurveComparison of, String field, OptionalDouble rate, OptionalDouble psnr) {
    table.add(
        of.curve(),
        field,
        of.domain().text(),
        rate.isPresent() ? signed(100 * rate.getAsDouble(), 1) + " %" : "-",
        psnr.isPresent() ? signed(psnr.getAsDouble(), 2) + " dB" : "-");
  }

  private static String signed(double value, int decimals) {
    return (value > 0 ? "+" : "") + fixed(value, decimals);
  }

  private static List<Double> present(List<OptionalDouble> values) {
    return values.stream()
        .filter(OptionalDouble::isPresent)
        .map(OptionalDouble::getAsDouble)
        .toList();
  }

  private static OptionalDouble mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average();
  }

  /** A panel for each field and domain, a line for each curve. */
  public String chart() {
    Map<String, RateChart.Panel> panels = new LinkedHashMap<>();
    for (RatePoint point : byField(points)) {
      for (Domain domain : Domain.values()) {
        if (!point.psnr().containsKey(domain)) {
          continue;
        }
        String unit = domain == Domain.LINEAR ? "PSNR, dB" : "PSNR of log10, dB";
        panels
            .computeIfAbsent(
                point.field() + "\n" + domain, key -> RateChart.panel(point.field(), unit))
            .add(
                point.curve(),
                new RateChart.Point(
                    point.label(),
                    point.bitsPerValue(),
                    point.psnr().get(domain),
                    point.measured().isPresent()));
      }
    }
    return new RateChart("Rate and distortion", List.of(run.title()), List.copyOf(panels.values()))
        .draw();
  }

  /** For programs: everything. */
  public JsonObject toJson() {
    return RateResults.of(this);
  }
}
