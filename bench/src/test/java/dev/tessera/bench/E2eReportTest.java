package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.Metrics;
import dev.tessera.transform.Precisions;
import java.io.StringReader;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class E2eReportTest {
  private static final long BYTES = 1_000_000_000;

  /** A line whose parts take so many seconds for a gigabyte. */
  private static E2eResult result(
      String precision, String codec, double encode, double decode, double rmse) {
    Samples part = Samples.of(0.5);
    return new E2eResult(
        Precisions.parse(precision),
        codec,
        BYTES,
        Samples.of(encode),
        Samples.of(decode),
        Map.of(E2ePath.GA, part, E2ePath.ENC, part, E2ePath.GS, part, E2ePath.DEC, part),
        BYTES / 200,
        Optional.of(new Metrics(1000, 0, 1, rmse, 2 * rmse, 0, 0)));
  }

  private static E2eSection section(String model, E2eResult... results) {
    return new E2eSection(
        model, model + ", some tiles", List.of(results), Map.of(), List.of(), List.of());
  }

  private static E2eReport report(E2eResult... results) {
    return report(section("a model", results));
  }

  private static E2eReport report(E2eSection... sections) {
    RunInfo run =
        new RunInfo(
            "tessera bench e2e",
            "1",
            Instant.EPOCH,
            Map.of("cpu", "a CPU", "cores", "2"),
            Map.of("cuda", Map.of(RunInfo.DEVICE, "a GPU")));
    return new E2eReport(run, Map.of(), List.of(sections));
  }

  private static List<Element> marks(String svg, String name) throws Exception {
    Document document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(svg)));
    List<Element> marks = new ArrayList<>();
    NodeList nodes = document.getElementsByTagName(name);
    for (int i = 0; i < nodes.getLength(); i++) {
      Element element = (Element) nodes.item(i);
      if (element.getTextContent().contains(": ")) {
        marks.add(element);
      }
    }
    return marks;
  }

  private static double number(Element element, String attribute) {
    return Double.parseDouble(element.getAttribute(attribute));
  }

  @Test
  void tableHasRatesQualityAndRatio() {
    String table = report(result("fp16", "rans:64", 0.0125, 0.02, 0.01)).table();

    assertThat(table)
        .contains("fp16", "rans:64", "80.0", "50.0", "40.000", "200.00", "a model, some tiles");
  }

  @Test
  void chartPlacesThroughputOverQuality() throws Exception {
    String svg =
        report(
                result("fp32", "rans:64", 0.05, 0.1, 0.01),
                result("fp8", "rans:64", 0.0125, 0.025, 0.02),
                result("fp8", "bitpack", 0.01, 0.02, 0.02))
            .charts("a")
            .get("a");

    List<Element> encode = marks(svg, "circle");
    List<Element> decode = marks(svg, "rect");
    assertThat(encode).hasSize(3);
    assertThat(decode).hasSize(3);
    assertThat(encode.get(0).getTextContent()).isEqualTo("rans:64, fp32: encode 20.0");
    assertThat(decode.get(1).getTextContent()).isEqualTo("rans:64, fp8: decode 40.0");
    // better quality further right, more throughput further up, twice as fast twice as high
    assertThat(number(encode.get(0), "cx")).isGreaterThan(number(encode.get(1), "cx"));
    assertThat(number(encode.get(1), "cx")).isEqualTo(number(encode.get(2), "cx"));
    double perUnit = (number(encode.get(1), "cy") - number(encode.get(2), "cy")) / 20;
    assertThat(number(encode.get(0), "cy") - number(encode.get(1), "cy"))
        .isBetween(59.9 * perUnit, 60.1 * perUnit);
    assertThat(svg).contains("PSNR", "GB/s").doesNotContain("NaN");
  }

  @Test
  void whatHasNoErrorHasNoPlaceOnTheAxis() throws Exception {
    String svg =
        report(
                result("fp32", "rans:64", 0.05, 0.1, 0),
                result("fp16", "rans:64", 0.0125, 0.025, 0.02))
            .charts("a")
            .get("a");

    assertThat(marks(svg, "circle")).hasSize(1);
    assertThat(svg).doesNotContain("NaN").doesNotContain("Infinity");
  }

  @Test
  void severalModelsShareAChart() throws Exception {
    String svg =
        report(
                section(
                    "low rate",
                    result("fp16", "rans:64", 0.0125, 0.02, 0.03),
                    result("fp8", "rans:64", 0.01, 0.016, 0.04)),
                section(
                    "high rate",
                    result("fp16", "rans:64", 0.0125, 0.02, 0.01),
                    result("fp8", "rans:64", 0.01, 0.016, 0.011)))
            .charts("a")
            .get("a");

    List<String> circles = marks(svg, "circle").stream().map(Element::getTextContent).toList();
    assertThat(circles)
        .containsExactly(
            "rans:64, fp16, low rate: encode 80.0",
            "rans:64, fp16, high rate: encode 80.0",
            "rans:64, fp8, low rate: encode 100",
            "rans:64, fp8, high rate: encode 100");
    // a full line for encoding and a dashed one for decoding, from rate to rate
    assertThat(svg.split("stroke-dasharray", -1)).hasSize(3);
  }

  @Test
  void randomWeightsHaveNoQuality() throws Exception {
    Samples part = Samples.of(0.5);
    E2eResult random =
        new E2eResult(
            Precisions.parse("fp8"),
            "rans:64",
            BYTES,
            Samples.of(0.02),
            Samples.of(0.025),
            Map.of(E2ePath.GA, part, E2ePath.HA, part, E2ePath.HS, part),
            BYTES / 20,
            Optional.empty());
    E2eReport report = report(random);

    assertThat(report.table()).contains("HA", "HS", "50.0", "40.0", " - ");
    assertThat(report.charts("random")).isEmpty();
    assertThat(report.toJson().toString()).contains("h_s").doesNotContain("psnr");
  }

  @Test
  void peersAndReasonsAreTold() {
    PeerResult same = new PeerResult("PyTorch one", BYTES, 0.25, 0.5, 1e-6, 1e-6, Optional.empty());
    PeerResult other = new PeerResult("PyTorch two", BYTES, 0.1, 0.1, 0.5, 1e-6, Optional.empty());
    E2eSection section =
        new E2eSection(
            "m",
            "m, some tiles",
            List.of(result("fp16", "rans:64", 0.0125, 0.02, 0.01)),
            Map.of(),
            List.of(same, other),
            List.of("bitcomp in fp16: nvCOMP was not found"));
    E2eReport report = report(section);

    assertThat(report.table())
        .containsPattern("PyTorch one +4.00 +2.00 ")
        .containsPattern("PyTorch two .*other results than ours")
        .contains("not measured: bitcomp in fp16: nvCOMP was not found");
    assertThat(report.toJson().getAsJsonArray("models").get(0).toString())
        .contains("\"same_work\":false", "\"skipped\":[\"bitcomp in fp16");
  }
}
