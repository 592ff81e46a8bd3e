package dev.tessera.bench;

import dev.tessera.report.Axis;
import dev.tessera.report.Svg;
import dev.tessera.report.Svg.Anchor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Quality over rate: a panel for each field, a line for each curve, rates on a logarithmic axis.
 *
 * @param title first line
 * @param notes lines below it, smaller
 * @param panels side by side, two in a row
 */
record RateChart(String title, List<String> notes, List<Panel> panels) {
  // colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008)
  private static final List<String> COLOURS =
      List.of("#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9");
  private static final String INK = "#222222";
  private static final String FAINT = "#dddddd";

  private static final double LEFT = 64;
  private static final double PLOT_WIDTH = 380;
  private static final double PLOT_HEIGHT = 260;
  private static final double COLUMN = LEFT + PLOT_WIDTH + 28;
  private static final double ROW = PLOT_HEIGHT + 92;
  private static final double TEXT = 13;
  private static final double LINE_HEIGHT = 17;
  private static final double MARK = 4;

  /** How far beyond the rates that were measured here points of others are still drawn. */
  private static final double REACH = 4;

  private static final double DECIBELS = 5;
  private static final double[] LABELLED = {1, 2, 5};

  /**
   * A point of a curve.
   *
   * @param label shown where the mouse rests on it
   * @param rate bits per value
   * @param psnr in dB; what is not finite is not drawn
   * @param measured whether it was measured here
   */
  record Point(String label, double rate, double psnr, boolean measured) {}

  /**
   * One field in one domain.
   *
   * @param name of the field
   * @param upwards what the axis upwards measures
   * @param curves points by curve
   */
  record Panel(String name, String upwards, Map<String, List<Point>> curves) {
    void add(String curve, Point point) {
      curves.computeIfAbsent(curve, name -> new ArrayList<>()).add(point);
    }

    /** What can be drawn: the axes are those of the points that were measured here. */
    private Panel drawable() {
      double[] rates = all().filter(Point::measured).mapToDouble(Point::rate).sorted().toArray();
      double low = rates.length == 0 ? 0 : rates[0] / REACH;
      double high = rates.length == 0 ? Double.POSITIVE_INFINITY : rates[rates.length - 1] * REACH;
      Panel kept = panel(name, upwards);
      curves.forEach((curve, points) ->
          points.stream()
              .filter(point -> Double.isFinite(point.psnr))
              .filter(point -> point.rate >= low && point.rate <= high)
              .sorted(Comparator.comparingDouble(Point::rate))
              .forEach(point -> kept.add(curve, point)));
      return kept;
    }

    private Stream<Point> all() {
      return curves.values().stream().flatMap(List::stream);
    }
  }

  static Panel panel(String name, String upwards) {
    return new Panel(name, upwards, new LinkedHashMap<>());
  }

  /** The picture. */
  String draw() {
    Set<String> names = new LinkedHashSet<>();
    panels.forEach(panel -> names.addAll(panel.curves.keySet()));
    List<String> curves = List.copyOf(names);
    double top = 36 + LINE_HEIGHT * (notes.size() + curves.size());
    int across = Math.min(2, panels.size());
    Svg svg = new Svg(across * COLUMN, top + Math.ceilDiv(panels.size(), 2) * ROW);
    svg.text(LEFT, 24, 16, Anchor.START, INK, title, true, 0);
    for (int i = 0; i < notes.size(); i++) {
      svg.text(LEFT, 24 + LINE_HEIGHT * (i + 1), TEXT, Anchor.START, "#555555", notes.get(i));
    }
    for (int i = 0; i < curves.size(); i++) {
      double y = 24 + LINE_HEIGHT * (notes.size() + 1 + i);
      svg.line(LEFT, y - 4, LEFT + 24, y - 4, colour(i), 2);
      svg.text(LEFT + 32, y, TEXT, Anchor.START, INK, curves.get(i));
    }
    for (int i = 0; i < panels.size(); i++) {
      Panel panel = panels.get(i).drawable();
      draw(svg, panel, curves, i % 2 * COLUMN + LEFT, top + i / 2 * ROW + 40);
    }
    return svg.toString();
  }

  private static String colour(int curve) {
    return COLOURS.get(curve % COLOURS.size());
  }

  private static void draw(Svg svg, Panel panel, List<String> curves, double left, double top) {
    svg.text(left, top - 10, TEXT, Anchor.START, INK, panel.name, true, 0);
    double bottom = top + PLOT_HEIGHT;
    double[] rates = panel.all().mapToDouble(Point::rate).toArray();
    double[] psnr = panel.all().mapToDouble(Point::psnr).toArray();
    if (rates.length == 0) {
      svg.text(left, top + TEXT, TEXT, Anchor.START, INK, "every point is exact");
      return;
    }
    Axis x =
        new Axis(
            DoubleStream.of(rates).min().orElseThrow() / 1.3,
            DoubleStream.of(rates).max().orElseThrow() * 1.3,
            true);
    Axis y =
        new Axis(
            Math.floor(DoubleStream.of(psnr).min().orElseThrow() / DECIBELS - 0.1) * DECIBELS,
            Math.ceil(DoubleStream.of(psnr).max().orElseThrow() / DECIBELS + 0.1) * DECIBELS,
            false);
    for (double tick : y.ticks()) {
      double at = bottom - PLOT_HEIGHT * y.position(tick);
      svg.line(left, at, left + PLOT_WIDTH, at, FAINT, 1);
      svg.text(left - 8, at + 4, TEXT, Anchor.END, INK, Axis.label(tick));
    }
    for (double tick : rateTicks(x)) {
      double at = left + PLOT_WIDTH * x.position(tick);
      svg.line(at, top, at, bottom, FAINT, 1);
      svg.text(at, bottom + 18, TEXT, Anchor.MIDDLE, INK, Axis.label(tick));
    }
    svg.line(left, bottom, left + PLOT_WIDTH, bottom, INK, 1);
    svg.text(left + PLOT_WIDTH / 2, bottom + 38, TEXT, Anchor.MIDDLE, INK, "bits per value");
    svg.text(left - 44, top + PLOT_HEIGHT / 2, TEXT, Anchor.MIDDLE, INK, panel.upwards, false, -90);
    panel.curves.forEach((name, points) -> {
      String colour = colour(curves.indexOf(name));
      for (int i = 0; i < points.size(); i++) {
        Point point = points.get(i);
        double atX = left + PLOT_WIDTH * x.position(point.rate);
        double atY = bottom - PLOT_HEIGHT * y.position(point.psnr);
        if (i > 0) {
          Point last = points.get(i - 1);
          svg.line(
              left + PLOT_WIDTH * x.position(last.rate),
              bottom - PLOT_HEIGHT * y.position(last.psnr),
              atX,
              atY,
              colour,
              2);
        }
        svg.circle(
            atX,
            atY,
            MARK,
            colour,
            "%s %s: %s bits/value, %s dB"
                .formatted(
                    name, point.label, Numbers.fixed(point.rate, 4), Numbers.fixed(point.psnr, 2)));
      }
    });
  }

  /** 1, 2 and 5 times powers of ten; of wide axes the powers alone. */
  private static List<Double> rateTicks(Axis axis) {
    boolean wide = axis.high() / axis.low() > 300;
    List<Double> ticks = new ArrayList<>();
    double power = Math.pow(10, Math.floor(Math.log10(axis.low())));
    for (; power <= axis.high(); power *= 10) {
      for (double digit : wide ? new double[] {1} : LABELLED) {
        double tick = digit * power;
        if (tick >= axis.low() && tick <= axis.high()) {
          ticks.add(tick);
        }
      }
    }
    return ticks;
  }
}
