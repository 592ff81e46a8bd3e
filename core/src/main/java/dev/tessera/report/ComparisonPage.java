package dev.tessera.report;

import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.report.FieldImages.Plane;
import dev.tessera.report.FieldImages.Scale;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One HTML file that shows a field beside what came back from its compressed form: per slice the
 * original, the restored one on the same colour scale, and the error on its own. Everything is
 * inside the file; it needs no script and no network.
 */
public final class ComparisonPage {
  private static final int MAX_SIDE = 512;

  private ComparisonPage() {}

  /**
   * Writes the page.
   *
   * @param file where to; replaced if it exists
   * @param title first line
   * @param subtitle second line: what the field is, how it was compressed
   * @param original the field as it was
   * @param restored the field as it came back, of the same shape
   * @param slices numbers of the slices to show
   * @param numbers results, in the order of the map
   * @param commands what to type to do the same with one's own file, one per line
   * @throws TesseraException.Invalid if the shapes differ or a slice does not exist
   */
  public static void write(
      Path file,
      String title,
      String subtitle,
      FieldSource original,
      FieldSource restored,
      List<Long> slices,
      Map<String, String> numbers,
      List<String> commands)
      throws IOException {
    if (!original.info().shape().equals(restored.info().shape())) {
      throw new TesseraException.Invalid(
          "the original has the shape "
              + original.info().shape()
              + " and the restored field "
              + restored.info().shape()
              + ": compare fields of the same shape");
    }
    HtmlPage page = new HtmlPage(title, subtitle);
    page.numbers("Results", numbers);
    String units = original.info().attributes().getOrDefault("units", "");
    List<Plane> planes = new ArrayList<>();
    for (long slice : slices) {
      planes.add(FieldImages.read(original, slice, MAX_SIDE));
    }
    List<Scale> scales = Scale.of(planes);
    for (int i = 0; i < planes.size(); i++) {
      page.comparison(
          "Slice " + slices.get(i),
          planes.get(i),
          FieldImages.read(restored, slices.get(i), MAX_SIDE),
          scales.get(i),
          units,
          shown(original, planes.get(i)));
    }
    page.commands("The same with your own file", commands);
    page.write(file);
  }

  private static String shown(FieldSource field, Plane plane) {
    long height = field.info().shape().height();
    long width = field.info().shape().width();
    return height == plane.height() && width == plane.width()
        ? ""
        : "Shown at %d × %d of %d × %d values."
            .formatted(plane.height(), plane.width(), height, width);
  }
}
