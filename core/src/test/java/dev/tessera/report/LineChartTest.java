package dev.tessera.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.report.LineChart.Series;
import java.io.StringReader;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class LineChartTest {
  private static Document draw(Series... series) throws Exception {
    String svg = new LineChart("A < B", List.of("note"), "steps", "loss", List.of(series)).draw();
    assertThat(svg).doesNotContain("NaN").doesNotContain("Infinity");
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  /** The points of the first line, x and y in turn. */
  private static double[] points(Document document) {
    Element line = (Element) document.getElementsByTagName("polyline").item(0);
    return Arrays.stream(line.getAttribute("points").split("[ ,]"))
        .mapToDouble(Double::parseDouble)
        .toArray();
  }

  @Test
  void equalStepsAreEquallyFarApartAndMoreIsHigher() throws Exception {
    double[] points =
        points(draw(new Series("a", new double[] {0, 1, 2}, new double[] {5, 7, 9}, false)));

    assertThat(points).hasSize(6);
    assertThat(points[4] - points[2]).isEqualTo(points[2] - points[0]).isPositive();
    assertThat(points[3] - points[1]).isEqualTo(points[5] - points[3]).isNegative();
  }

  @Test
  void whatIsNoNumberIsLeftOut() throws Exception {
    Document document =
        draw(
            new Series("a", new double[] {0, 1, 2}, new double[] {5, Double.NaN, 9}, true),
            Series.point("b", 1, Double.POSITIVE_INFINITY),
            new Series("c", new double[0], new double[0], false));

    assertThat(points(document)).hasSize(4);
    assertThat(document.getElementsByTagName("circle").getLength()).isEqualTo(2);
  }

  @Test
  void longSeriesAreThinnedButKeepTheirEnds() throws Exception {
    double[] x = IntStream.range(0, 100_000).asDoubleStream().toArray();
    double[] points = points(draw(new Series("a", x, x, false)));

    assertThat(points).hasSizeLessThan(5000);
    double[] few =
        points(draw(new Series("a", new double[] {0, 99_999}, new double[] {0, 99_999}, false)));
    assertThat(points[0]).isEqualTo(few[0]);
    assertThat(points[points.length - 1]).isEqualTo(few[3]);
  }

  @Test
  void axesHoldTheirValuesWithoutMuchRoom() {
    for (double[] values :
        new double[][] {
          {3},
          {0},
          {-5, 5},
          {41.2, 41.3},
          {26.32, 26.459},
          {-26.459, -26.32},
          {1e-6, 2e-6},
          {0, 123_456},
          {}
        }) {
      Axis axis = Axis.around(values);
      assertThat(Arrays.stream(values).map(axis::position))
          .allSatisfy(position -> assertThat(position).isBetween(0.0, 1.0));
      assertThat(axis.ticks()).hasSizeBetween(2, 12);
      assertThat(axis.position(axis.ticks().getFirst())).isEqualTo(0, within(1e-6));
      assertThat(axis.position(axis.ticks().getLast())).isEqualTo(1, within(1e-6));
      if (values.length == 2) {
        assertThat(axis.position(values[1]) - axis.position(values[0])).isGreaterThan(0.6);
      }
    }
  }
}
