package dev.tessera.report;

import dev.tessera.report.FieldImages.Plane;
import dev.tessera.report.FieldImages.Scale;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * An HTML file put together from the top: tables, charts, pictures of planes. Everything is inside
 * the file; it needs no script and no network.
 */
public final class HtmlPage {
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
      .chart { display: block; max-width: 100%; height: auto; margin: 0 0 1.25rem;
        border: 1px solid var(--line); border-radius: 6px; }
      .note { color: var(--soft); font-size: .88rem; }
      @media (max-width: 46rem) { .row { grid-template-columns: 1fr; }
        main { padding-top: 1.5rem; } }
      @media print { :root { --ink: #000; --soft: #444; --paper: #fff; --panel: #fff;
        --line: #bbb; color-scheme: light; } body { font-size: 11px; }
        main { max-width: none; padding: 0; } .plane, .bar { print-color-adjust: exact; }
        pre { white-space: pre-wrap; } }
      """;

  private final StringBuilder html = new StringBuilder(1 << 20);

  /**
   * Begins a page.
   *
   * @param title first line
   * @param subtitle second line
   */
  public HtmlPage(String title, String subtitle) {
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
  }

  /** A heading of its own, before {@link #chart}. */
  public void heading(String text) {
    html.append("<h2>").append(escape(text)).append("</h2>\n");
  }

  /** A table of names and numbers, in the order of the map; nothing where it is empty. */
  public void numbers(String heading, Map<String, String> numbers) {
    if (numbers.isEmpty()) {
      return;
    }
    heading(heading);
    html.append("<table>\n<tbody>\n");
    numbers.forEach((name, value) ->
        html.append("<tr><th scope=\"row\">")
            .append(escape(name))
            .append("</th><td>")
            .append(escape(value))
            .append("</td></tr>\n"));
    html.append("</tbody>\n</table>\n");
  }

  /**
   * A chart.
   *
   * @param svg as a picture draws itself
   * @param alt what it shows, for those who cannot see it
   */
  public void chart(String svg, String alt) {
    html.append("<img class=\"chart\" alt=\"")
        .append(escape(alt))
        .append("\" src=\"data:image/svg+xml;base64,")
        .append(Base64.getEncoder().encodeToString(svg.getBytes(StandardCharsets.UTF_8)))
        .append("\"/>\n");
  }

  /**
   * A plane as it was and as it came back, on one colour scale, and the error on its own.
   *
   * @param heading what is seen, as in {@code Slice 3}
   * @param scale of both
   * @param units of the values, empty where there are none
   * @param note a line below; empty for none
   */
  public void comparison(
      String heading, Plane before, Plane after, Scale scale, String units, String note) {
    Plane error = after.minus(before);
    html.append("<section>\n<h2>").append(escape(heading)).append("</h2>\n<div class=\"row\">\n");
    figure("Original", heading, before, scale, ColourMap.SEQUENTIAL, units);
    figure("Restored", heading, after, scale, ColourMap.SEQUENTIAL, units);
    figure("Error", heading, error, Scale.symmetric(error), ColourMap.DIVERGING, units);
    html.append("</div>\n");
    if (!note.isEmpty()) {
      html.append("<p class=\"note\">").append(escape(note)).append("</p>\n");
    }
    html.append("</section>\n");
  }

  private void figure(
      String name, String subject, Plane plane, Scale scale, ColourMap map, String units) {
    String suffix = units.isBlank() ? "" : " " + units.strip();
    String kind = scale.logarithmic() ? "logarithmic scale" : "linear scale";
    String low = number(scale.low());
    String high = number(scale.high());
    String alt =
        name
            + " of "
            + subject.toLowerCase(Locale.ROOT)
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

  /** Commands to copy; nothing where there are none. */
  public void commands(String heading, List<String> commands) {
    if (!commands.isEmpty()) {
      heading(heading);
      html.append("<pre><code>")
          .append(escape(String.join("\n", commands)))
          .append("</code></pre>\n");
    }
  }

  /** Writes the page; an older file is replaced. */
  public void write(Path file) throws IOException {
    Files.writeString(file, html + "</main>\n</body>\n</html>\n");
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
