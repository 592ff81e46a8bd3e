package dev.tessera.bench;

import dev.tessera.report.Axis;
import dev.tessera.report.Svg;
import dev.tessera.report.Svg.Anchor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Bars with their spread on the left axis, and a line on the right one, over categories that stand
 * in groups.
 *
 * @param title first line
 * @param notes lines below it, smaller
 * @param groups categories from left to right
 * @param barAxis what bars measure, with its unit
 * @param bars series of bars
 * @param lineAxis what the line measures, with its unit
 * @param line name of the line
 * @param lineValues one value per category of all groups, NaN where there is none
 * @param reference a value on the right axis to draw across, NaN for none
 * @param referenceName its label
 */
record BarLineChart(
    String title,
    List<String> notes,
    List<Group> groups,
    String barAxis,
    List<Bars> bars,
    String lineAxis,
    String line,
    double[] lineValues,
    double reference,
    String referenceName) {
  // colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008)
  private static final List<String> FILLS = List.of("#0072b2", "#56b4e9", "#009e73", "#e69f00");
  private static final String LINE = "#d55e00";
  private static final String INK = "#222222";
  private static final String FAINT = "#dddddd";

  private static final double LEFT = 76;
  private static final double RIGHT = 70;
  private static final double PLOT = 320;
  private static final double GAP = 34;
  private static final double TEXT = 13;
  private static final double LINE_HEIGHT = 17;
  private static final double MIN_WIDTH = 720;

  /**
   * Categories side by side.
   *
   * @param label below them
   * @param width pixels of a category
   * @param connected whether the line connects them
   * @param categories their labels; a line break starts another line
   */
  record Group(String label, double width, boolean connected, List<String> categories) {}

  /**
   * Bars of one kind, one per category of all groups.
   *
   * @param values heights, NaN where there is none
   * @param low lower end of the spread
   * @param high upper end of the spread
   */
  record Bars(String name, double[] values, double[] low, double[] high) {
    /**
     * Rates.
     *
     * @param bytes what was done in each time
     */
    static Bars of(String name, List<Samples> times, double[] bytes) {
      double[] values = new double[bytes.length];
      double[] low = new double[bytes.length];
      double[] high = new double[bytes.length];
      for (int i = 0; i < bytes.length; i++) {
        values[i] = times.get(i).giga(bytes[i]);
        low[i] = bytes[i] / times.get(i).p90() / 1e9;
        high[i] = bytes[i] / times.get(i).p10() / 1e9;
      }
      return new Bars(name, values, low, high);
    }

    private DoubleStream all() {
      return DoubleStream.concat(Arrays.stream(low), Arrays.stream(high));
    }
  }

  String draw() {
    double width = LEFT + RIGHT + (groups.size() - 1) * GAP;
    int labelLines = 1;
    for (Group group : groups) {
      width += group.width * group.categories.size();
      for (String category : group.categories) {
        labelLines = Math.max(labelLines, (int) category.lines().count());
      }
    }
    double stretch = Math.max(1, (MIN_WIDTH - width) / categories() / meanWidth() + 1);
    width = Math.max(width, MIN_WIDTH);
    double top = 40 + notes.size() * LINE_HEIGHT + 34;
    double bottom = top + PLOT;
    Svg svg = new Svg(width, bottom + labelLines * LINE_HEIGHT + 46);
    svg.text(LEFT, 28, 17, Anchor.START, INK, title, true, 0);
    for (int i = 0; i < notes.size(); i++) {
      svg.text(LEFT, 48 + i * LINE_HEIGHT, TEXT, Anchor.START, "#555555", notes.get(i));
    }
    legend(svg, top - 16);

    Axis left = Axis.holding(bars.stream().flatMapToDouble(Bars::all).toArray());
    Axis right =
        Axis.holding(
            DoubleStream.concat(Arrays.stream(lineValues), DoubleStream.of(reference)).toArray());
    axes(svg, left, right, width, top, bottom);

    double x = LEFT;
    int index = 0;
    double[] linePoint = null;
    for (Group group : groups) {
      double start = x;
      for (String category : group.categories) {
        double categoryWidth = stretch * group.width;
        double centre = x + categoryWidth / 2;
        column(svg, left, index, x, categoryWidth, bottom);
        List<String> words = category.lines().toList();
        for (int i = 0; i < words.size(); i++) {
          svg.text(centre, bottom + 18 + i * LINE_HEIGHT, TEXT, Anchor.MIDDLE, INK, words.get(i));
        }
        double value = lineValues[index];
        if (Double.isFinite(value)) {
          double y = bottom - PLOT * right.position(value);
          if (linePoint != null && group.connected) {
            svg.line(linePoint[0], linePoint[1], centre, y, LINE, 2);
          }
          linePoint = new double[] {centre, y};
          svg.circle(centre, y, 4, LINE, line + " " + Numbers.short3(value));
        }
        x += categoryWidth;
        index++;
      }
      svg.text(
          (start + x) / 2,
          bottom + 24 + labelLines * LINE_HEIGHT,
          TEXT,
          Anchor.MIDDLE,
          INK,
          group.label,
          true,
          0);
      linePoint = null;
      x += GAP;
    }
    return svg.toString();
  }

  private int categories() {
    return groups.stream().mapToInt(group -> group.categories.size()).sum();
  }

  private double meanWidth() {
    return groups.stream().mapToDouble(group -> group.width * group.categories.size()).sum()
        / categories();
  }

  private void axes(Svg svg, Axis left, Axis right, double width, double top, double bottom) {
    double end = width - RIGHT;
    for (double tick : left.ticks()) {
      double y = bottom - PLOT * left.position(tick);
      svg.line(LEFT, y, end, y, FAINT, 1);
      svg.text(LEFT - 8, y + 4, TEXT, Anchor.END, INK, Axis.label(tick));
    }
    for (double tick : right.ticks()) {
      double y = bottom - PLOT * right.position(tick);
      svg.line(end, y, end + 5, y, LINE, 1);
      svg.text(end + 9, y + 4, TEXT, Anchor.START, LINE, Axis.label(tick));
    }
    svg.line(LEFT, bottom, end, bottom, INK, 1.5);
    svg.line(LEFT, top, LEFT, bottom, INK, 1.5);
    svg.line(end, top, end, bottom, LINE, 1.5);
    double middle = (top + bottom) / 2;
    svg.text(
        22,
        middle,
        TEXT,
        Anchor.MIDDLE,
        INK,
        barAxis + (left.logarithmic() ? " (logarithmic)" : ""),
        false,
        -90);
    svg.text(width - 14, middle, TEXT, Anchor.MIDDLE, LINE, lineAxis, false, -90);
    if (Double.isFinite(reference)) {
      double y = bottom - PLOT * right.position(reference);
      svg.line(LEFT, y, end, y, LINE, 1, "6 4");
    }
  }

  private void column(Svg svg, Axis scale, int index, double x, double width, double bottom) {
    double barWidth = width * 0.8 / bars.size();
    for (int b = 0; b < bars.size(); b++) {
      Bars series = bars.get(b);
      double value = series.values[index];
      if (!Double.isFinite(value)) {
        continue;
      }
      double from = x + width * 0.1 + b * barWidth;
      double top = bottom - PLOT * scale.position(value);
      svg.rectangle(
          from,
          top,
          barWidth - 1,
          bottom - top,
          FILLS.get(b % FILLS.size()),
          series.name + " " + Numbers.short3(value));
      double centre = from + (barWidth - 1) / 2;
      double low = bottom - PLOT * scale.position(series.low[index]);
      double high = bottom - PLOT * scale.position(series.high[index]);
      if (low - high > 2) {
        svg.line(centre, low, centre, high, INK, 1);
      }
    }
  }

  private void legend(Svg svg, double y) {
    double x = LEFT;
    for (int b = 0; b < bars.size(); b++) {
      svg.rectangle(x, y - 11, 14, 12, FILLS.get(b % FILLS.size()), "");
      svg.text(x + 20, y, TEXT, Anchor.START, INK, bars.get(b).name);
      x += 44 + bars.get(b).name.length() * 7;
    }
    svg.line(x, y - 5, x + 22, y - 5, LINE, 2);
    svg.circle(x + 11, y - 5, 4, LINE, line);
    svg.text(x + 28, y, TEXT, Anchor.START, INK, line);
    if (Double.isFinite(reference)) {
      x += 52 + line.length() * 7;
      svg.line(x, y - 5, x + 22, y - 5, LINE, 1, "6 4");
      svg.text(x + 28, y, TEXT, Anchor.START, INK, referenceName);
    }
  }
}
