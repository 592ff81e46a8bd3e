package dev.tessera.report;

import java.util.Locale;

/** Writes a picture as SVG 1.1: shapes and text, positions in pixels from the upper left corner. */
public final class Svg {
  private final StringBuilder body = new StringBuilder();
  private final double width;
  private final double height;

  /** Where a text's position lies in it. */
  public enum Anchor {
    START,
    MIDDLE,
    END
  }

  /** An empty white picture. */
  public Svg(double width, double height) {
    this.width = width;
    this.height = height;
    rectangle(0, 0, width, height, "#ffffff", "");
  }

  /** A filled rectangle; {@code title} is shown where the mouse rests on it. */
  public void rectangle(double x, double y, double w, double h, String fill, String title) {
    body.append(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\""
            .formatted(number(x), number(y), number(w), number(h), fill));
    body.append(title.isEmpty() ? "/>\n" : "><title>" + escape(title) + "</title></rect>\n");
  }

  /** A solid line. */
  public void line(double x1, double y1, double x2, double y2, String colour, double thickness) {
    line(x1, y1, x2, y2, colour, thickness, "");
  }

  /** A line; {@code dashes} as in SVG, empty for a solid one. */
  public void line(
      double x1, double y1, double x2, double y2, String colour, double thickness, String dashes) {
    body.append(
        "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" stroke=\"%s\" stroke-width=\"%s\"%s/>\n"
            .formatted(
                number(x1),
                number(y1),
                number(x2),
                number(y2),
                colour,
                number(thickness),
                dashes.isEmpty() ? "" : " stroke-dasharray=\"" + dashes + "\""));
  }

  /** A line through points, given as x and y in turn. */
  public void polyline(double[] points, String colour, double thickness) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < points.length; i += 2) {
      text.append(number(points[i])).append(',').append(number(points[i + 1])).append(' ');
    }
    body.append(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-linejoin=\"round\"/>\n"
            .formatted(text.toString().strip(), colour, number(thickness)));
  }

  /** A filled circle; {@code title} is shown where the mouse rests on it. */
  public void circle(double x, double y, double radius, String fill, String title) {
    body.append(
        "<circle cx=\"%s\" cy=\"%s\" r=\"%s\" fill=\"%s\"><title>%s</title></circle>\n"
            .formatted(number(x), number(y), number(radius), fill, escape(title)));
  }

  /** A line of text on a base line. */
  public void text(double x, double y, double size, Anchor anchor, String colour, String text) {
    text(x, y, size, anchor, colour, text, false, 0);
  }

  /** A line of text on a base line; {@code degrees} turns it clockwise around its position. */
  public void text(
      double x,
      double y,
      double size,
      Anchor anchor,
      String colour,
      String text,
      boolean bold,
      int degrees) {
    body.append(
        "<text x=\"%s\" y=\"%s\" font-size=\"%s\" text-anchor=\"%s\" fill=\"%s\"%s%s>%s</text>\n"
            .formatted(
                number(x),
                number(y),
                number(size),
                anchor.name().toLowerCase(Locale.ROOT),
                colour,
                bold ? " font-weight=\"bold\"" : "",
                degrees == 0
                    ? ""
                    : " transform=\"rotate(%d %s %s)\"".formatted(degrees, number(x), number(y)),
                escape(text)));
  }

  /** The picture as an XML document. */
  @Override
  public String toString() {
    return """
    <?xml version="1.0" encoding="UTF-8"?>
    <svg xmlns="http://www.w3.org/2000/svg" width="%1$s" height="%2$s" viewBox="0 0 %1$s %2$s" \
    font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif">
    %3$s</svg>
    """
        .formatted(number(width), number(height), body);
  }

  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.2f", value);
    return text.endsWith(".00") ? text.substring(0, text.length() - 3) : text;
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
