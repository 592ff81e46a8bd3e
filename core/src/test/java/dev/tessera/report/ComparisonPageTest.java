package dev.tessera.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ComparisonPageTest {
  @TempDir Path folder;

  private Document page(
      Field original, Field restored, List<Long> slices, Map<String, String> numbers)
      throws Exception {
    Path file = folder.resolve("page.html");
    ComparisonPage.write(
        file,
        "A <b> & \"c\"",
        "x\u0000 < y",
        original,
        restored,
        slices,
        numbers,
        List.of("tessera compress 'a<b>.nc' && echo ok"));
    String html = Files.readString(file);
    assertThat(html).startsWith("<!DOCTYPE html>").doesNotContain("<script").doesNotContain("http");
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(html.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }

  private static List<BufferedImage> planes(Document page) throws Exception {
    List<BufferedImage> images = new ArrayList<>();
    NodeList elements = page.getElementsByTagName("img");
    for (int i = 0; i < elements.getLength(); i++) {
      Element element = (Element) elements.item(i);
      assertThat(element.getAttribute("alt")).isNotBlank();
      String source = element.getAttribute("src");
      assertThat(source).startsWith("data:image/png;base64,");
      if (element.getAttribute("class").equals("plane")) {
        byte[] png = Base64.getDecoder().decode(source.substring(source.indexOf(',') + 1));
        images.add(ImageIO.read(new ByteArrayInputStream(png)));
      }
    }
    return images;
  }

  private static int rgb(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) & 0xffffff;
  }

  @Test
  void showsEverySliceWithItsError() throws Exception {
    float[] values = new float[3 * 8 * 10];
    float[] changed = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 80;
      changed[i] = values[i];
    }
    changed[80 + 79] += 2;
    Map<String, String> numbers = new LinkedHashMap<>();
    numbers.put("PSNR", "61.2 dB");
    numbers.put("Ratio <all>", "308 & more");
    Document page =
        page(Field.of(values, 3, 8, 10), Field.of(changed, 3, 8, 10), List.of(0L, 1L), numbers);
    List<BufferedImage> images = planes(page);
    assertThat(images)
        .hasSize(6)
        .allMatch(image -> image.getWidth() == 10 && image.getHeight() == 8);
    assertThat(rgb(images.get(0), 0, 0)).isEqualTo(ColourMap.SEQUENTIAL.colour(0));
    assertThat(rgb(images.get(0), 9, 7)).isEqualTo(ColourMap.SEQUENTIAL.colour(1));
    assertThat(rgb(images.get(2), 9, 7)).isEqualTo(ColourMap.DIVERGING.colour(0.5));
    assertThat(rgb(images.get(5), 9, 7)).isEqualTo(ColourMap.DIVERGING.colour(1));
    assertThat(rgb(images.get(5), 0, 0)).isEqualTo(ColourMap.DIVERGING.colour(0.5));
    assertThat(page.getElementsByTagName("h1").item(0).getTextContent()).isEqualTo("A <b> & \"c\"");
    NodeList names = page.getElementsByTagName("th");
    assertThat(names.item(0).getTextContent()).isEqualTo("PSNR");
    assertThat(names.item(1).getTextContent()).isEqualTo("Ratio <all>");
    assertThat(page.getElementsByTagName("td").item(1).getTextContent()).isEqualTo("308 & more");
    assertThat(page.getElementsByTagName("code").item(0).getTextContent())
        .isEqualTo("tessera compress 'a<b>.nc' && echo ok");
    assertThat(page.getElementsByTagName("main").item(0).getTextContent()).contains("−2.000");
  }

  @Test
  void singleConstantAndMissingValuesAreShown() throws Exception {
    Field one = Field.of(new float[] {5}, 1, 1);
    assertThat(planes(page(one, one, List.of(0L), Map.of()))).hasSize(3);
    float[] holes = {1, Float.NaN, Float.POSITIVE_INFINITY, 3};
    Field field = Field.of(holes, 2, 2);
    List<BufferedImage> images = planes(page(field, field, List.of(0L), Map.of()));
    assertThat(rgb(images.get(0), 1, 0)).isEqualTo(ColourMap.NOT_A_NUMBER);
    assertThat(rgb(images.get(0), 0, 1)).isEqualTo(ColourMap.SEQUENTIAL.colour(1));
    assertThat(rgb(images.get(2), 0, 1)).isEqualTo(ColourMap.NOT_A_NUMBER);
    float[] none = {Float.NaN, Float.NaN};
    Field empty = Field.of(none, 1, 2);
    assertThat(rgb(planes(page(empty, empty, List.of(0L), Map.of())).get(0), 0, 0))
        .isEqualTo(ColourMap.NOT_A_NUMBER);
  }

  @Test
  void declaredFillValuesAreNotShownAsValues() throws Exception {
    Field plain = Field.of(new float[] {1, 2, 1e20f, 3}, 2, 2);
    Field field = new Field(plain.info().withFill(1e20f), plain.data());
    List<BufferedImage> images = planes(page(field, field, List.of(0L), Map.of()));
    assertThat(rgb(images.get(0), 0, 1)).isEqualTo(ColourMap.NOT_A_NUMBER);
    assertThat(rgb(images.get(0), 1, 1)).isEqualTo(ColourMap.SEQUENTIAL.colour(1));
  }

  @Test
  void largeSlicesAreScaledDown() throws Exception {
    float[] values = new float[300 * 2000];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 2000;
    }
    Field field = Field.of(values, 300, 2000);
    List<BufferedImage> images = planes(page(field, field, List.of(0L), Map.of()));
    assertThat(images.getFirst().getWidth()).isEqualTo(512);
    assertThat(images.getFirst().getHeight()).isEqualTo(77);
    float[] line = new float[3_000_000];
    line[line.length / 2] = 1;
    FieldImages.Plane plane = FieldImages.read(Field.of(line, line.length), 0, 512);
    assertThat(plane.height()).isEqualTo(1);
    assertThat(plane.width()).isEqualTo(512);
  }

  @Test
  void heavyTailsAreShownLogarithmically() {
    double[] values = new double[100];
    Arrays.setAll(values, i -> Math.pow(10, i / 10.0));
    assertThat(FieldImages.Scale.of(new FieldImages.Plane(10, 10, values)).logarithmic()).isTrue();
    values[0] = 0;
    assertThat(FieldImages.Scale.of(new FieldImages.Plane(10, 10, values)).logarithmic()).isFalse();
    FieldImages.Scale scale = new FieldImages.Scale(1, 100, true);
    assertThat(scale.position(10)).isEqualTo(0.5);
    assertThat(scale.position(-3)).isZero();
    FieldImages.Scale huge = new FieldImages.Scale(-Double.MAX_VALUE, Double.MAX_VALUE, false);
    assertThat(huge.position(0)).isEqualTo(0.5);
  }

  @Test
  void slicesOfOneFieldShareTheKindOfTheirScale() {
    FieldImages.Plane even = new FieldImages.Plane(1, 3, new double[] {1, 2, 3});
    FieldImages.Plane tailed = new FieldImages.Plane(1, 3, new double[] {1, 2, 900});
    FieldImages.Plane withZero = new FieldImages.Plane(1, 3, new double[] {0, 2, 3});
    assertThat(FieldImages.Scale.of(List.of(even, tailed)))
        .containsExactly(new FieldImages.Scale(1, 3, true), new FieldImages.Scale(1, 900, true));
    assertThat(FieldImages.Scale.of(List.of(even, tailed, withZero)))
        .noneMatch(FieldImages.Scale::logarithmic);
  }

  @Test
  void lightnessRisesAllTheWay() {
    double last = -1;
    for (int i = 0; i <= 50; i++) {
      double lightness = luminance(ColourMap.SEQUENTIAL.colour(i / 50.0));
      assertThat(lightness).isGreaterThan(last);
      last = lightness;
      double mirrored = luminance(ColourMap.DIVERGING.colour(1 - i / 50.0));
      assertThat(luminance(ColourMap.DIVERGING.colour(i / 50.0)))
          .isBetween(mirrored - 0.03, mirrored + 0.03);
    }
  }

  private static double luminance(int rgb) {
    return 0.2126 * linear(rgb >> 16 & 0xff)
        + 0.7152 * linear(rgb >> 8 & 0xff)
        + 0.0722 * linear(rgb & 0xff);
  }

  private static double linear(int channel) {
    double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4);
  }

  @Test
  void numbersHaveFourDigits() {
    assertThat(List.of(0.0, 1.0, -273.16, 99999.0, 1e-3, 1e7, -2.5e-12, 1e300))
        .extracting(HtmlPage::number)
        .containsExactly(
            "0", "1.000", "−273.2", "99999", "0.001000", "1.000e7", "−2.500e−12", "1.000e300");
  }

  @Test
  void wrongRequestsAreRefused() {
    Field small = Field.of(new float[4], 2, 2);
    Field large = Field.of(new float[6], 2, 3);
    assertThatThrownBy(() -> page(small, large, List.of(0L), Map.of()))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("same shape");
    for (long slice : new long[] {-1, 1, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> page(small, small, List.of(slice), Map.of()))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("no slice");
    }
  }
}
