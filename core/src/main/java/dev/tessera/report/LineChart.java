package dev.tessera.report;

import dev.tessera.report.Svg.Anchor;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Lines over a number, such as a loss over steps or quality over rate: a colour for each series.
 *
 * @param title first line
 * @param notes lines below it, smaller
 * @param across what the axis to the right measures, with its unit
 * @param upwards what the axis upwards measures, with its unit
 * @param series the lines
 */
public record LineChart(
    String title, List<String> notes, String across, String upwards, List<Series> series) {
  // colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008)
  private static final List<String> COLOURS =
      List.of("#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9");
  private static final String INK = "#222222";
  private static final String FAINT = "#dddddd";

  private static final double LEFT = 84;
  private static final double WIDTH = 560;
  private static final double PLOT = 300;
  private static final double RIGHT = 140;
  private static final double BELOW = 56;
  private static final double TEXT = 13;
  private static final double LINE_HEIGHT = 17;
  private static final double MARK = 4;

  /** Points that a picture this wide shows at most; of more, evenly spaced ones are drawn. */
  private static final int MOST_POINTS = 1200;

  /**
   * Points from left to right; those that are not finite are left out.
   *
   * @param x places to the right
   * @param y heights, as many
   * @param marked whether every point has a mark, with its numbers where the mouse rests on it
   */
  public record Series(String name, double[] x, double[] y, boolean marked) {
    /** A series of one point, such as a result among a curve. */
    public static Series point(String name, double x, double y) {
      return new Series(name, new double[] {x}, new double[] {y}, true);
    }

    private Series thinned() {
      int[] kept =
          IntStream.range(0, x.length)
              .filter(i -> Double.isFinite(x[i]) && Double.isFinite(y[i]))
              .toArray();
      int count = Math.min(kept.length, MOST_POINTS);
      double[] fewX = new double[count];
      double[] fewY = new double[count];
      for (int i = 0; i < count; i++) {
        int from = kept[count < 2 ? i : (int) ((long) i * (kept.length - 1) / (count - 1))];
        fewX[i] = x[from];
        fewY[i] = y[from];
      }
      return new Series(name, fewX, fewY, marked);
    }
  }

  /** The picture as SVG. */
  public String draw() {
    List<Series> drawn = series.stream().map(Series::thinned).toList();
    double top = 30 + LINE_HEIGHT * (notes.size() + 0.5);
    Svg svg = new Svg(LEFT + WIDTH + RIGHT, top + PLOT + BELOW);
    svg.text(LEFT, 24, 16, Anchor.START, INK, title, true, 0);
    for (int i = 0; i < notes.size(); i++) {
      svg.text(LEFT, 24 + LINE_HEIGHT * (i + 1), TEXT, Anchor.START, INK, notes.get(i));
    }
    Axis x = Axis.around(drawn.stream().flatMapToDouble(s -> DoubleStream.of(s.x())).toArray());
    Axis y = Axis.around(drawn.stream().flatMapToDouble(s -> DoubleStream.of(s.y())).toArray());
    axes(svg, x, y, top);
    for (int s = 0; s < drawn.size(); s++) {
      line(svg, drawn.get(s), COLOURS.get(s % COLOURS.size()), x, y, top);
      double at = top + 8 + LINE_HEIGHT * s;
      svg.rectangle(
          LEFT + WIDTH + 14, at - 9, 10, 10, COLOURS.get(s % COLOURS.size()), drawn.get(s).name());
      svg.text(LEFT + WIDTH + 30, at, TEXT, Anchor.START, INK, drawn.get(s).name());
    }
    return svg.toString();
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

  private static void line(Svg svg, Series series, String colour, Axis x, Axis y, double top) {
    double[] points = new double[2 * series.x().length];
    for (int i = 0; i < series.x().length; i++) {
      points[2 * i] = LEFT + WIDTH * x.position(series.x()[i]);
      points[2 * i + 1] = top + PLOT * (1 - y.position(series.y()[i]));
    }
    if (points.length > 2) {
      svg.polyline(points, colour, series.marked() ? 1 : 1.5);
    }
    if (series.marked()) {
      for (int i = 0; i < series.x().length; i++) {
        svg.circle(
            points[2 * i],
            points[2 * i + 1],
            MARK,
            colour,
            String.format(
                Locale.ROOT, "%s: %.5g, %.5g", series.name(), series.x()[i], series.y()[i]));
      }
    }
  }
}
