package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import dev.tessera.field.Metrics;
import dev.tessera.field.TesseraException;
import dev.tessera.transform.NormalizerSpec;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/** Tables, JSON and pictures of points that are made up, and points that are read. */
class RateReportTest {
  private static final int VALUES = 1000;

  @TempDir private Path folder;

  /** Measured with a range of 1, so that the PSNR is that of the error. */
  private static RatePoint measured(
      String curve, String label, String field, long bytes, double db) {
    double rmse = Math.pow(10, -db / 20);
    DomainQuality quality =
        new DomainQuality(new Metrics(VALUES, 0, 1, rmse, 3 * rmse, 0, 0), 0.9, Double.NaN);
    return new RatePoint(
        curve,
        label,
        field,
        8.0 * bytes / VALUES,
        Map.of(Domain.LINEAR, db),
        Optional.of(
            new RatePoint.Measured(
                NormalizerSpec.parse("log10"),
                VALUES,
                4 * VALUES,
                bytes,
                bytes - 10,
                0.5,
                0.25,
                Map.of(Domain.LINEAR, quality))));
  }

  private static final List<RatePoint> POINTS =
      List.of(
          measured("old", "old-1", "rho", 100, 30),
          measured("old", "old-1", "v", 50, 32),
          measured("old", "old-2", "rho", 400, 36),
          measured("old", "old-2", "v", 200, 38),
          measured("new", "new-1", "rho", 80, 30),
          measured("new", "new-1", "v", 40, 32),
          measured("new", "new-2", "rho", 320, 36),
          measured("new", "new-2", "v", 160, 38));

  private static RateReport report(List<RatePoint> points, String anchor, double ceiling) {
    return new RateReport(
        RunInfo.now("tessera eval", "test", Map.of()),
        points,
        Optional.of(anchor),
        CurveComparison.all(points, anchor, ceiling));
  }

  @Test
  void tellsPointsFieldByFieldAndDistancesWithTheirMean() {
    String table = report(POINTS, "old", Double.POSITIVE_INFINITY).table();

    assertThat(table.lines().filter(line -> line.startsWith("rho ")))
        .hasSize(4)
        .first()
        .asString()
        .containsSubsequence("old", "old-1", "0.8000", "0.7200", "40.0", "30.00", "0.9000");
    assertThat(table).doesNotContain("MS-SSIM").doesNotContain("log10");
    assertThat(table.lines().filter(line -> line.startsWith("new ")))
        .hasSize(3)
        .allMatch(line -> line.contains("linear  -20.0 %"))
        .last()
        .asString()
        .contains("mean of 2");
  }

  @Test
  void saysWhyThereIsNoDistance() {
    List<RatePoint> points =
        List.of(
            measured("old", "a", "rho", 100, 30),
            measured("old", "b", "rho", 400, 36),
            measured("new", "c", "rho", 500, 40),
            measured("new", "d", "rho", 600, 39));

    RateReport report = report(points, "old", Double.POSITIVE_INFINITY);

    assertThat(report.comparisons())
        .singleElement()
        .matches(comparison -> comparison.bdRate().isEmpty() && comparison.bdPsnr().isEmpty());
    assertThat(report.table()).contains("rho, linear: new does not rise: ");
    assertThatThrownBy(() -> CurveComparison.all(points, "other", 45))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessage("no curve is called 'other': there are old, new");
  }

  @Test
  void jsonHasTheShapeOfCompressAi() {
    JsonObject json = report(POINTS, "old", Double.POSITIVE_INFINITY).toJson();

    JsonObject curve = json.getAsJsonArray("curves").get(1).getAsJsonObject();
    assertThat(curve.get("name").getAsString()).isEqualTo("new");
    assertThat(curve.get("description").getAsString()).isEqualTo("mean of rho, v");
    JsonObject results = curve.getAsJsonObject("results");
    assertThat(results.getAsJsonArray("psnr")).hasToString("[31.0,37.0]");
    assertThat(results.getAsJsonArray("bpp").get(0).getAsDouble()).isCloseTo(0.48, within(1e-9));
    assertThat(results.getAsJsonArray("ms-ssim")).hasToString("[null,null]");
    assertThat(results.getAsJsonArray("encoding_time")).hasToString("[0.5,0.5]");
    assertThat(results.getAsJsonArray("decoding_time")).hasToString("[0.25,0.25]");
    JsonObject field = curve.getAsJsonArray("fields").get(1).getAsJsonObject();
    assertThat(field.get("field").getAsString()).isEqualTo("v");
    assertThat(field.getAsJsonArray("normalizers")).hasToString("[\"log10\",\"log10\"]");
    assertThat(field.getAsJsonObject("results").getAsJsonArray("psnr")).hasToString("[32.0,38.0]");
    JsonObject comparison = json.getAsJsonArray("comparisons").get(0).getAsJsonObject();
    assertThat(comparison.get("bd_rate").getAsDouble()).isCloseTo(-0.2, within(1e-9));
  }

  @Test
  void anEarlierRunIsReadAgain() throws IOException {
    Path file = folder.resolve("run.json");
    RateReport report = report(POINTS, "old", Double.POSITIVE_INFINITY);
    Files.writeString(file, report.toJson().toString());

    List<RatePoint> again = PointFile.read(file, Map.of("v", (long) VALUES), Set.of("new"));

    assertThat(again)
        .extracting(RatePoint::label)
        .containsExactly("old-1", "old-2", "new-1", "new-2");
    assertThat(again).extracting(RatePoint::bitsPerValue).containsExactly(0.4, 1.6, 0.32, 1.28);
    assertThat(again).allMatch(point -> point.psnr().containsKey(Domain.LINEAR));
  }

  @Test
  void tablesOfOtherProgramsAreRead() throws IOException {
    Path file = folder.resolve("sz3.csv");
    Files.writeString(
        file,
        """
        field,label,bytes,psnr_linear,psnr_log10
        rho,"rel 1e-2, best",125,31.5,
        rho,log,250,,28.25
        other,x,1,1,1
        """);

    List<RatePoint> points = PointFile.read(file, Map.of("rho", (long) VALUES), Set.of("taken"));

    assertThat(points)
        .containsExactly(
            new RatePoint(
                "sz3", "rel 1e-2, best", "rho", 1, Map.of(Domain.LINEAR, 31.5), Optional.empty()),
            new RatePoint("sz3", "log", "rho", 2, Map.of(Domain.LOG10, 28.25), Optional.empty()));
  }

  @Test
  void refusesWhatIsNoTableOfPoints() throws IOException {
    refuse("a,b\n1,2\n", "is no table of points");
    refuse("field,bytes,psnr_linear\nrho,1\n", "has 2 cells in row 2, but 3 columns");
    refuse("field,bytes,psnr_linear\nrho,many,30\n", "has 'many' in row 2 where a number belongs");
    refuse("field,bytes,psnr_linear\nrho,99,NaN\n", "has 'NaN' in row 2 where a number belongs");
    refuse("field,bytes,psnr_linear\nrho,0,30\n", "has a row 2 without a rate above 0");
    refuse("field,bytes,psnr_linear\nrho,9,\n", "or without a PSNR");
    refuse("field,bytes,psnr_linear\nT,9,30\n", "has no point of rho, only of T");
    refuse("", "is no table of points");
    refuse("{\"results\": {}}", "is not the JSON that tessera eval writes");
    refuse("field,bytes,psnr_linear\nrho,1e400,30\n", "without a rate above 0 that is finite");
    refuse("field,bytes,psnr_linear\nrho,9,-Infinity\n", "where a number belongs");
    refuse("curve,field,bytes,psnr_linear\ntaken,rho,9,30\n", "has a curve 'taken', and so has");
    refuse("{\"curves\": 5}", "is not the JSON that tessera eval writes");
    String run = "{curves: [{name: a, fields: [{field: rho, labels: [x], results: {%s}}]}]}";
    refuse(run.formatted("bpp: [], psnr: [30]"), "is not the JSON that tessera eval writes");
    refuse(run.formatted("bpp: [NaN], psnr: [30]"), "is not the JSON that tessera eval writes");
    refuse(run.formatted("bpp: [1], psnr: [NaN]"), "is not the JSON that tessera eval writes");
    refuse("{", "is not the JSON that tessera eval writes");
  }

  @Test
  void filesThatAreNoTextAreNamed() throws IOException {
    Map<String, Long> values = Map.of("rho", (long) VALUES);
    Path file = folder.resolve("utf16.csv");
    Files.writeString(file, "field,bytes,psnr_linear\nrho,9,30\n", StandardCharsets.UTF_16);
    assertThatThrownBy(() -> PointFile.read(file, values, Set.of()))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("utf16.csv' is no text in UTF-8");
    assertThatThrownBy(() -> PointFile.read(folder, values, Set.of()))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("' is a folder");
    // as a spreadsheet begins a file
    Files.writeString(file, "\uFEFFcurve,field,bytes,psnr_linear\nsz3,rho,9,30\n");
    assertThat(PointFile.read(file, values, Set.of()))
        .extracting(RatePoint::curve)
        .containsExactly("sz3");
  }

  private void refuse(String text, String message) throws IOException {
    Path file = folder.resolve("points.csv");
    Files.writeString(file, text);
    assertThatThrownBy(() -> PointFile.read(file, Map.of("rho", (long) VALUES), Set.of("taken")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("points.csv' ")
        .hasMessageContaining(message);
  }

  /** A point for each, higher where the PSNR is; what others have far off is left out. */
  @Test
  void drawsAPanelForEachField() throws Exception {
    List<RatePoint> points = new ArrayList<>(POINTS);
    points.add(
        new RatePoint("far", "<x>", "rho", 100, Map.of(Domain.LINEAR, 99.0), Optional.empty()));
    points.add(
        new RatePoint(
            "old",
            "exact",
            "rho",
            2,
            Map.of(Domain.LINEAR, Double.POSITIVE_INFINITY),
            Optional.empty()));

    Document svg =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(report(points, "old", 45).chart())));

    assertThat(svg.getElementsByTagName("circle").getLength()).isEqualTo(POINTS.size());
    String first =
        svg.getElementsByTagName("circle")
            .item(0)
            .getAttributes()
            .getNamedItem("cy")
            .getNodeValue();
    String second =
        svg.getElementsByTagName("circle")
            .item(1)
            .getAttributes()
            .getNamedItem("cy")
            .getNodeValue();
    assertThat(Double.parseDouble(second)).isLessThan(Double.parseDouble(first));
    assertThat(svg.getDocumentElement().getTextContent()).contains("rho", "v", "PSNR, dB", "far");
  }
}
