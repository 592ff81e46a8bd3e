package dev.tessera.report;

import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.report.FieldImages.Plane;
import dev.tessera.report.FieldImages.Scale;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One HTML file that shows a field beside what came back from its compressed form: per slice the
 * original, the restored one on the same colour scale, and the error on its own. Everything is
 * inside the file; it needs no script and no network.
 */
public final class ComparisonPage {
  private static final int MAX_SIDE = 512;

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6676; --paper: #ffffff;
        --panel: #f5f7f9; --line: #dde3ea; --accent: #0b6e6e; }
      @media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5;
        --paper: #12161c; --panel: #1a2028; --line: #2c3542; --accent: #5fc9c0; } }
      * { box-sizing: border-box; }
      body { margin: 0; background: var(--paper); color: var(--ink);
        font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
      main { max-width: 74rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
      header { border-bottom: 1px solid var(--line); padding-bottom: 1.25rem; }
      h1 { font-size: 2rem; line-height: 1.2; margin: 0; letter-spacing: -0.015em; }
      .subtitle { color: var(--soft); font-size: 1.08rem; margin: .5rem 0 0; }
      h2 { font-size: 1.15rem; margin: 2.5rem 0 .9rem; }
      table { border-collapse: collapse; width: 100%; max-width: 44rem; }
      th, td { text-align: left; padding: .42rem .9rem .42rem 0;
        border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
      th { font-weight: 400; color: var(--soft); width: 45%; }
      td { font-weight: 600; font-variant-numeric: tabular-nums; }
      .row { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.25rem;
        break-inside: avoid; }
      figure { margin: 0; background: var(--panel); border: 1px solid var(--line);
        border-radius: 6px; padding: .75rem; }
      figcaption { font-weight: 600; margin-bottom: .5rem; }
      figcaption span { display: block; color: var(--soft); font-size: .85rem;
        font-weight: 400; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      .plane { display: block; width: 100%; aspect-ratio: var(--ratio); max-height: 32rem;
        object-fit: contain; image-rendering: pixelated; }
      .bar { display: block; width: 100%; height: .7rem; margin-top: .75rem; border-radius: 2px; }
      .ends { display: flex; gap: .5rem; color: var(--soft); font-size: .82rem;
        font-variant-numeric: tabular-nums; margin-top: .2rem; }
      .ends span { flex: 1; } .ends span:last-child { text-align: right; }
      .ends .zero { flex: none; }
      pre { background: var(--panel); border: 1px solid var(--line); border-left: 3px solid
        var(--accent); border-radius: 6px; padding: .9rem 1.1rem; overflow-x: auto;
        font: .9rem/1.6 ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace; }
      .note { color: var(--soft); font-size: .88rem; }
      @media (max-width: 46rem) { .row { grid-template-columns: 1fr; }
        main { padding-top: 1.5rem; } }
      @media print { :root { --ink: #000; --soft: #444; --paper: #fff; --panel: #fff;
        --line: #bbb; color-scheme: light; } body { font-size: 11px; }
        main { max-width: none; padding: 0; } .plane, .bar { print-color-adjust: exact; }
        pre { white-space: pre-wrap; } }
      """;

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
    StringBuilder html = new StringBuilder(1 << 20);
    html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n")
        .append("<title>")
        .append(escape(title))
        .append("</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n</head>\n<body>\n<main>\n<header>\n<h1>")
        .append(escape(title))
        .append("</h1>\n<p class=\"subtitle\">")
        .append(escape(subtitle))
        .append("</p>\n</header>\n");
    appendNumbers(html, numbers);
    String units = original.info().attributes().getOrDefault("units", "");
    List<Plane> planes = new ArrayList<>();
    for (long slice : slices) {
      planes.add(FieldImages.read(original, slice, MAX_SIDE));
    }
    List<Scale> scales = Scale.of(planes);
    for (int i = 0; i < planes.size(); i++) {
      appendSlice(html, original, restored, slices.get(i), planes.get(i), scales.get(i), units);
    }
    appendCommands(html, commands);
    html.append("</main>\n</body>\n</html>\n");
    Files.writeString(file, html);
  }

  private static void appendNumbers(StringBuilder html, Map<String, String> numbers) {
    if (numbers.isEmpty()) {
      return;
    }
    html.append("<h2>Results</h2>\n<table>\n<tbody>\n");
    numbers.forEach((name, value) ->
        html.append("<tr><th scope=\"row\">")
            .append(escape(name))
            .append("</th><td>")
            .append(escape(value))
            .append("</td></tr>\n"));
    html.append("</tbody>\n</table>\n");
  }

  private static void appendSlice(
      StringBuilder html,
      FieldSource original,
      FieldSource restored,
      long slice,
      Plane before,
      Scale scale,
      String units)
      throws IOException {
    Plane after = FieldImages.read(restored, slice, MAX_SIDE);
    Plane error = after.minus(before);
    Scale errorScale = Scale.symmetric(error);
    html.append("<section>\n<h2>Slice ").append(slice).append("</h2>\n<div class=\"row\">\n");
    appendFigure(html, "Original", slice, before, scale, ColourMap.SEQUENTIAL, units);
    appendFigure(html, "Restored", slice, after, scale, ColourMap.SEQUENTIAL, units);
    appendFigure(html, "Error", slice, error, errorScale, ColourMap.DIVERGING, units);
    html.append("</div>\n");
    long height = original.info().shape().height();
    long width = original.info().shape().width();
    if (height != before.height() || width != before.width()) {
      html.append("<p class=\"note\">Shown at ")
          .append(before.height())
          .append(" × ")
          .append(before.width())
          .append(" of ")
          .append(height)
          .append(" × ")
          .append(width)
          .append(" values.</p>\n");
    }
    html.append("</section>\n");
  }

  private static void appendFigure(
      StringBuilder html,
      String name,
      long slice,
      Plane plane,
      Scale scale,
      ColourMap map,
      String units) {
    String suffix = units.isBlank() ? "" : " " + units.strip();
    String kind = scale.logarithmic() ? "logarithmic scale" : "linear scale";
    String low = number(scale.low());
    String high = number(scale.high());
    String alt =
        name
            + " of slice "
            + slice
            + ", "
            + plane.height()
            + " by "
            + plane.width()
            + ", from "
            + low
            + " to "
            + high
            + suffix
            + ", "
            + kind;
    html.append("<figure>\n<figcaption>")
        .append(name)
        .append(" <span>")
        .append(name.equals("Error") ? "restored − original" : kind)
        .append(units.isBlank() ? "" : ", " + escape(units.strip()))
        .append("</span></figcaption>\n<img class=\"plane\" style=\"--ratio: ")
        .append(plane.width())
        .append(" / ")
        .append(plane.height())
        .append("\" alt=\"")
        .append(escape(alt))
        .append("\" src=\"")
        .append(dataUri(FieldImages.png(plane, scale, map)))
        .append("\"/>\n<img class=\"bar\" alt=\"Colours from low to high\" src=\"")
        .append(dataUri(FieldImages.colourBar(map)))
        .append("\"/>\n<div class=\"ends\"><span>")
        .append(low)
        .append("</span><span>");
    if (map == ColourMap.DIVERGING) {
      html.setLength(html.length() - "<span>".length());
      html.append("<span class=\"zero\">0</span><span>");
    }
    html.append(high).append("</span></div>\n</figure>\n");
  }

  private static void appendCommands(StringBuilder html, List<String> commands) {
    if (!commands.isEmpty()) {
      html.append("<h2>The same with your own file</h2>\n<pre><code>")
          .append(escape(String.join("\n", commands)))
          .append("</code></pre>\n");
    }
  }

  private static String dataUri(byte[] png) {
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
  }

  /** Four significant digits; powers of ten only where needed. */
  static String number(double value) {
    if (value == 0) {
      return "0";
    }
    double size = Math.abs(value);
    String text;
    if (size >= 1e-3 && size < 1e5) {
      int decimals = Math.max(0, 3 - (int) Math.floor(Math.log10(size)));
      text = String.format(Locale.ROOT, "%." + decimals + "f", size);
    } else {
      text = String.format(Locale.ROOT, "%.3e", size).replace("e+0", "e").replace("e+", "e");
      text = text.replace("e-0", "e−").replace("e-", "e−");
    }
    return value < 0 ? "−" + text : text;
  }

  /**
   * Text with the characters that mean something in XML replaced, and those that XML forbids left
   * out.
   */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> escaped.append("&amp;");
            case '<' -> escaped.append("&lt;");
            case '>' -> escaped.append("&gt;");
            case '"' -> escaped.append("&quot;");
            case '\'' -> escaped.append("&#39;");
            default -> {
              boolean control = c < 0x20 && c != '\n' && c != '\t' && c != '\r';
              boolean surrogate = c >= 0xd800 && c <= 0xdfff;
              if (!control && !surrogate && c != 0xfffe && c != 0xffff) {
                escaped.appendCodePoint(c);
              }
            }
          }
        });
    return escaped.toString();
  }
}
