package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.bench.BarLineChart.Bars;
import dev.tessera.bench.BarLineChart.Group;
import dev.tessera.report.Axis;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class ChartTest {
  private static Document parse(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  private static List<Element> elements(Document document, String name) {
    NodeList nodes = document.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }

  private static double attribute(Element element, String name) {
    return Double.parseDouble(element.getAttribute(name));
  }

  private static BarLineChart chart(double[] bars) {
    return new BarLineChart(
        "A < B & C",
        List.of("note"),
        List.of(
            new Group("first", 40, true, List.of("1", "two\nlines")),
            new Group("second", 60, false, List.of("x"))),
        "GB/s",
        List.of(new Bars("encode", bars, bars, bars)),
        "ratio",
        "ratio",
        new double[] {10, 20, Double.NaN},
        25,
        "ideal");
  }

  /** The drawn bars: rectangles that carry their value. */
  private static List<Element> bars(Document document) {
    return elements(document, "rect").stream()
        .filter(rect -> rect.getElementsByTagName("title").getLength() == 1)
        .toList();
  }

  @Test
  void barsStandOnTheAxisAndAreAsHighAsTheirValues() throws Exception {
    List<Element> bars = bars(parse(chart(new double[] {1, 2, 4}).draw()));

    assertThat(bars).hasSize(3);
    double unit = attribute(bars.get(0), "height");
    assertThat(attribute(bars.get(1), "height")).isBetween(1.99 * unit, 2.01 * unit);
    assertThat(attribute(bars.get(2), "height")).isBetween(3.98 * unit, 4.02 * unit);
    assertThat(bars.stream().map(bar -> attribute(bar, "y") + attribute(bar, "height")))
        .containsOnly(attribute(bars.getFirst(), "y") + unit);
  }

  @Test
  void whatWasNotMeasuredIsNotDrawn() throws Exception {
    String svg = chart(new double[] {1, Double.NaN, 4}).draw();

    assertThat(bars(parse(svg))).hasSize(2);
    assertThat(svg).doesNotContain("NaN").doesNotContain("Infinity");
  }

  @Test
  void everythingLiesInThePicture() throws Exception {
    Document document = parse(chart(new double[] {0.01, 3, 4e5}).draw());
    double width = attribute(document.getDocumentElement(), "width");
    double height = attribute(document.getDocumentElement(), "height");

    for (String name : List.of("text", "rect")) {
      for (Element element : elements(document, name)) {
        assertThat(attribute(element, "x")).isBetween(0.0, width);
        assertThat(attribute(element, "y")).isBetween(0.0, height);
      }
    }
    assertThat(document.getDocumentElement().getTextContent())
        .contains("A < B & C", "two", "lines", "ideal", "GB/s (logarithmic)");
  }

  @Test
  void scalesHoldTheirValues() {
    double[][] cases = {{1}, {0.003, 0.1}, {500, 600, 17}, {0.5, 4000}, {1e-9, 1e9}, {}};
    for (double[] values : cases) {
      Axis scale = Axis.holding(values);
      for (double value : values) {
        assertThat(scale.position(value)).isBetween(0.0, 1.0);
      }
      assertThat(scale.ticks()).hasSizeBetween(2, 25);
      assertThat(scale.ticks())
          .allSatisfy(tick -> assertThat(scale.position(tick)).isBetween(-1e-9, 1.0 + 1e-9));
    }
    assertThat(Axis.holding(3, 500).logarithmic()).isTrue();
    assertThat(Axis.holding(20, 500).logarithmic()).isFalse();
    assertThat(Axis.label(0.5)).isEqualTo("0.5");
    assertThat(Axis.label(1000)).isEqualTo("1000");
  }

  @Test
  void numbersHaveThreeDigits() {
    assertThat(Numbers.short3(1234.4)).isEqualTo("1234");
    assertThat(Numbers.short3(99.96)).isEqualTo("100");
    assertThat(Numbers.short3(12.34)).isEqualTo("12.3");
    assertThat(Numbers.short3(9.996)).isEqualTo("10.0");
    assertThat(Numbers.short3(0.9996)).isEqualTo("1.00");
    assertThat(Numbers.short3(0.1234)).isEqualTo("0.123");
    assertThat(Numbers.short3(Double.NaN)).isEqualTo("-");
  }
}
