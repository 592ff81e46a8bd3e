package dev.tessera.bench;

import dev.tessera.report.Axis;
import dev.tessera.report.Svg;
import dev.tessera.report.Svg.Anchor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Points over two measures, such as throughput over quality: a colour for each series, and two
 * marks, a circle and a square, for what every point has twice.
 *
 * @param title first line
 * @param notes lines below it, smaller
 * @param across what the axis to the right measures, with its unit
 * @param upwards what the axis upwards measures, with its unit; it begins at 0, or is logarithmic
 *     where values differ too much to be seen side by side
 * @param circle what a circle is
 * @param square what a square is
 * @param series the points
 * @param connected whether lines join the points of a series
 */
record ScatterChart(
    String title,
    List<String> notes,
    String across,
    String upwards,
    String circle,
    String square,
    List<Series> series,
    boolean connected) {
  // colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008)
  private static final List<String> FILLS =
      List.of(
          "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#000000", "#999999");
  private static final String INK = "#222222";
  private static final String FAINT = "#dddddd";

  private static final double LEFT = 76;
  private static final double WIDTH = 560;
  private static final double PLOT = 320;
  private static final double RIGHT = 300;
  private static final double BELOW = 56;
  private static final double TEXT = 13;
  private static final double LINE_HEIGHT = 17;
  private static final double MARK = 5;

  /** The same label closer than this to its like, across and upwards, is left out. */
  private static final double LABEL_WIDTH = 60;

  private static final double LABEL_HEIGHT = 14;

  /** Values closer together than this are drawn as if they were this far apart. */
  private static final double LEAST_SPAN = 0.2;

  /** Points of one kind. */
  record Series(String name, List<Point> points) {}

  /**
   * A point.
   *
   * @param label what stands beside it
   * @param x place to the right
   * @param circle height of the circle
   * @param square height of the square
   */
  record Point(String label, double x, double circle, double square) {}

  /** A text beside a mark. */
  private record Label(String text, double x, double y) {
    boolean covers(Label other) {
      return text.equals(other.text)
          && Math.abs(x - other.x) < LABEL_WIDTH
          && Math.abs(y - other.y) < LABEL_HEIGHT;
    }
  }

  /** The picture. */
  String draw() {
    double top = 30 + LINE_HEIGHT * (notes.size() + 1.5);
    Svg svg = new Svg(LEFT + WIDTH + RIGHT, top + PLOT + BELOW);
    svg.text(LEFT, 24, 16, Anchor.START, INK, title, true, 0);
    for (int i = 0; i < notes.size(); i++) {
      svg.text(LEFT, 24 + LINE_HEIGHT * (i + 1), TEXT, Anchor.START, INK, notes.get(i));
    }
    Axis x = span(points().mapToDouble(Point::x).toArray());
    Axis y =
        Axis.holding(
            points().flatMapToDouble(p -> DoubleStream.of(p.circle(), p.square())).toArray());
    axes(svg, x, y, top);
    List<Label> labels = new ArrayList<>();
    for (int s = 0; s < series.size(); s++) {
      String colour = FILLS.get(s % FILLS.size());
      if (connected) {
        join(svg, series.get(s).points(), colour, x, y, top);
      }
      for (Point point : series.get(s).points()) {
        draw(svg, point, series.get(s).name(), colour, x, y, top, labels);
      }
    }
    legend(svg, top);
    return svg.toString();
  }

  private Stream<Point> points() {
    return series.stream().flatMap(s -> s.points().stream());
  }

  /** An axis that holds all values with some room on both sides, and ends at round numbers. */
  private static Axis span(double[] values) {
    double low = DoubleStream.of(values).filter(Double::isFinite).min().orElse(0);
    double high = DoubleStream.of(values).filter(Double::isFinite).max().orElse(1);
    double room = Math.max(high - low, LEAST_SPAN) * 0.15;
    return Axis.around(low - room, high + room);
  }

  private void axes(Svg svg, Axis x, Axis y, double top) {
    for (double tick : y.ticks()) {
      double at = top + PLOT * (1 - y.position(tick));
      svg.line(LEFT, at, LEFT + WIDTH, at, FAINT, 1);
      svg.text(LEFT - 8, at + 4, TEXT, Anchor.END, INK, Axis.label(tick));
    }
    for (double tick : x.ticks()) {
      double at = LEFT + WIDTH * x.position(tick);
      svg.line(at, top + PLOT, at, top + PLOT + 5, INK, 1);
      svg.text(at, top + PLOT + 20, TEXT, Anchor.MIDDLE, INK, Axis.label(tick));
    }
    svg.line(LEFT, top + PLOT, LEFT + WIDTH, top + PLOT, INK, 1);
    svg.text(LEFT + WIDTH / 2, top + PLOT + 42, TEXT, Anchor.MIDDLE, INK, across);
    svg.text(22, top + PLOT / 2, TEXT, Anchor.MIDDLE, INK, upwards, false, -90);
  }

  private static void join(Svg svg, List<Point> points, String colour, Axis x, Axis y, double top) {
    List<Point> placed = points.stream().filter(point -> Double.isFinite(point.x())).toList();
    for (int i = 1; i < placed.size(); i++) {
      Point from = placed.get(i - 1);
      Point to = placed.get(i);
      double left = LEFT + WIDTH * x.position(from.x());
      double right = LEFT + WIDTH * x.position(to.x());
      svg.line(left, height(y, top, from.circle()), right, height(y, top, to.circle()), colour, 1);
      svg.line(
          left,
          height(y, top, from.square()),
          right,
          height(y, top, to.square()),
          colour,
          1,
          "4 3");
    }
  }

  private static double height(Axis y, double top, double value) {
    return top + PLOT * (1 - y.position(value));
  }

  private void draw(
      Svg svg,
      Point point,
      String name,
      String colour,
      Axis x,
      Axis y,
      double top,
      List<Label> labels) {
    if (!Double.isFinite(point.x())) {
      return; // nothing was lost: a ratio to no error has no place on the axis
    }
    double at = LEFT + WIDTH * x.position(point.x());
    double high = height(y, top, point.circle());
    double low = height(y, top, point.square());
    svg.line(at, high, at, low, colour, 1);
    String what = name + ", " + point.label() + ": ";
    svg.circle(at, high, MARK, colour, what + circle + " " + Numbers.short3(point.circle()));
    svg.rectangle(
        at - MARK,
        low - MARK,
        2 * MARK,
        2 * MARK,
        colour,
        what + square + " " + Numbers.short3(point.square()));
    Label label = new Label(point.label(), at, high);
    if (labels.stream().noneMatch(label::covers)) {
      labels.add(label);
      if (connected) {
        // beside the mark a line would cross it
        double above = Math.min(high, low) - 2 * MARK;
        svg.text(at, above, TEXT, Anchor.MIDDLE, colour, point.label());
      } else {
        svg.text(at + 2 * MARK, high + 4, TEXT, Anchor.START, colour, point.label());
      }
    }
  }

  private void legend(Svg svg, double top) {
    double left = LEFT + WIDTH + 14;
    double y = top + 8;
    for (int s = 0; s < series.size(); s++) {
      svg.rectangle(left, y - 9, 10, 10, FILLS.get(s % FILLS.size()), "");
      svg.text(left + 16, y, TEXT, Anchor.START, INK, series.get(s).name());
      y += LINE_HEIGHT;
    }
    svg.circle(left + 5, y + 4, MARK, INK, circle);
    svg.text(left + 16, y + 8, TEXT, Anchor.START, INK, circle);
    svg.rectangle(left, y + 16, 2 * MARK, 2 * MARK, INK, square);
    svg.text(left + 16, y + 8 + LINE_HEIGHT, TEXT, Anchor.START, INK, square);
  }
}
