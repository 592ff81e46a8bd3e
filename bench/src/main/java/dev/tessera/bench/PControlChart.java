package dev.tessera.bench;

import static dev.tessera.bench.Numbers.fixed;

import dev.tessera.bench.BarLineChart.Bars;
import dev.tessera.bench.BarLineChart.Group;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Throughput and ratio of the fastest device over P, and beside it what the other coders do with
 * the P nearest to the default.
 */
final class PControlChart {
  /** P of new files, at which coders are compared. */
  private static final int USUAL = 64;

  private static final double P_WIDTH = 46;
  private static final double OTHER_WIDTH = 104;

  private PControlChart() {}

  static BarLineChart of(LatentSet latents, List<RansResult> results, String machine) {
    List<RansResult> main = main(results);
    List<RansResult> others = others(results, main);
    List<RansResult> all = new ArrayList<>(main);
    all.addAll(others);
    List<Group> groups = new ArrayList<>();
    String device = main.isEmpty() ? "" : main.getFirst().device();
    if (!main.isEmpty()) {
      groups.add(
          new Group(
              "P, channels per stream",
              P_WIDTH,
              true,
              main.stream().map(row -> Integer.toString(row.what().channelsPerStream())).toList()));
    }
    if (!others.isEmpty()) {
      groups.add(
          new Group(
              "beside it", OTHER_WIDTH, false, others.stream().map(PControlChart::label).toList()));
    }
    double ideal = latents.int32Bytes() / results.getFirst().idealBytes();
    return new BarLineChart(
        "P-controlled rANS: throughput and compression ratio",
        List.of(
            "%s, %d tiles of %dx%dx%d symbols"
                .formatted(
                    latents.name(),
                    latents.tiles(),
                    latents.channels(),
                    latents.height(),
                    latents.width()),
            machine,
            main.isEmpty()
                ? ""
                : "over P: " + device + ", profile " + main.getFirst().profileName()),
        groups,
        "GB/s of 32-bit symbols",
        List.of(
            bars("encode", all, row -> row.times().encode()),
            bars("decode", all, row -> row.times().decode())),
        "compression ratio (32-bit symbols)",
        "compression ratio",
        all.stream().mapToDouble(RansResult::ratio).toArray(),
        ideal,
        "ideal of the tables: " + fixed(ideal, 1));
  }

  /** The rows of the device and profile that stand for P-control: those with the fastest row. */
  private static List<RansResult> main(List<RansResult> results) {
    RansResult fastest =
        results.stream()
            .filter(RansResult::codesStreams)
            .filter(row -> row.what().profile() == preferred(results))
            .max((a, b) -> Double.compare(a.decodeRate(), b.decodeRate()))
            .orElse(null);
    return fastest == null
        ? List.of()
        : results.stream()
            .filter(row -> row.device().equals(fastest.device()) && row.codesStreams())
            .filter(row -> row.what().profile() == fastest.what().profile())
            .sorted((a, b) ->
                Integer.compare(a.what().channelsPerStream(), b.what().channelsPerStream()))
            .toList();
  }

  private static RansProfile preferred(List<RansResult> results) {
    boolean compact =
        results.stream()
            .anyMatch(row -> row.codesStreams() && row.what().profile() == RansProfile.COMPACT);
    return compact ? RansProfile.COMPACT : RansProfile.COMPATIBLE;
  }

  /** One row of each other device and profile. */
  private static List<RansResult> others(List<RansResult> results, List<RansResult> main) {
    List<RansResult> others = new ArrayList<>();
    for (RansResult row : results) {
      boolean charted =
          main.stream().anyMatch(r -> r.device().equals(row.device()) && sameKind(r, row));
      if (charted) {
        continue;
      }
      int at = -1;
      for (int i = 0; i < others.size(); i++) {
        if (others.get(i).device().equals(row.device()) && sameKind(others.get(i), row)) {
          at = i;
        }
      }
      if (at < 0) {
        others.add(row);
      } else if (distance(row) < distance(others.get(at))) {
        others.set(at, row);
      }
    }
    return others;
  }

  private static boolean sameKind(RansResult a, RansResult b) {
    return a.codesStreams() == b.codesStreams() && a.what().profile() == b.what().profile();
  }

  private static double distance(RansResult row) {
    return Math.abs(Math.log((double) row.what().channelsPerStream() / USUAL));
  }

  private static String label(RansResult row) {
    String device = row.device().replace(", ", "\n");
    return row.codesStreams()
        ? device + "\n" + row.profileName() + "\nP " + row.what().channelsPerStream()
        : device;
  }

  private static Bars bars(
      String name, List<RansResult> rows, Function<RansResult, Samples> samples) {
    double[] bytes = rows.stream().mapToDouble(row -> row.what().latents().int32Bytes()).toArray();
    return Bars.of(name, rows.stream().map(samples).toList(), bytes);
  }
}
