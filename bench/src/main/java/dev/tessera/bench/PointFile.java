package dev.tessera.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Points that were measured elsewhere: a table with the columns {@code field}, {@code bytes} or
 * {@code bits_per_value}, {@code psnr_linear} and {@code psnr_log10} (one of them may be missing or
 * empty) and, if there are several, {@code curve} and {@code label}; or the JSON of an earlier run.
 */
public final class PointFile {
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final Path file;
  private final Map<String, Long> values;
  private final Set<String> measured;
  private final List<RatePoint> points = new ArrayList<>();
  private final List<String> otherFields = new ArrayList<>();

  private PointFile(Path file, Map<String, Long> values, Set<String> measured) {
    this.file = file;
    this.values = values;
    this.measured = measured;
  }

  /**
   * The points of the fields of this run.
   *
   * @param values number of values by name of each field
   * @param measured curves that this run measures; a table's points are another program's, and none
   *     of them belongs to these
   * @throws TesseraException.Invalid if the file is no such table or JSON, knows none of the
   *     fields, or is a table with one of the curves measured
   */
  public static List<RatePoint> read(Path file, Map<String, Long> values, Set<String> measured)
      throws IOException {
    PointFile reader = new PointFile(file, values, measured);
    String text = reader.text();
    if (text.stripLeading().startsWith("{")) {
      reader.readJson(text);
    } else {
      reader.readTable(text.lines().filter(line -> !line.isBlank()).toList());
    }
    if (reader.points.isEmpty()) {
      throw reader.invalid(
          "has no point of "
              + String.join(", ", values.keySet())
              + (reader.otherFields.isEmpty()
                  ? ""
                  : ", only of " + String.join(", ", reader.otherFields)));
    }
    return reader.points;
  }

  private String text() throws IOException {
    if (Files.isDirectory(file)) {
      throw invalid("is a folder: name a file of points");
    }
    try {
      String text = Files.readString(file);
      // spreadsheets begin UTF-8 with a byte order mark
      return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw invalid("is no text in UTF-8: save it as CSV in UTF-8");
    }
  }

  private TesseraException.Invalid invalid(String fault) {
    return new TesseraException.Invalid("'" + file + "' " + fault);
  }

  private boolean isOfThisRun(String field) {
    boolean known = values.containsKey(field);
    if (!known && !otherFields.contains(field)) {
      otherFields.add(field);
    }
    return known;
  }

  private void readTable(List<String> lines) {
    List<String> headings = lines.isEmpty() ? List.of() : cells(lines.getFirst());
    boolean rate = headings.contains("bytes") || headings.contains("bits_per_value");
    boolean quality = headings.contains("psnr_linear") || headings.contains("psnr_log10");
    if (!headings.contains("field") || !rate || !quality) {
      throw invalid(
          "is no table of points: its first line names the columns field, bytes or bits_per_value,"
              + " psnr_linear or psnr_log10, and if there are several curve and label");
    }
    for (int i = 1; i < lines.size(); i++) {
      List<String> cells = cells(lines.get(i));
      if (cells.size() != headings.size()) {
        throw invalid(
            "has %d cells in row %d, but %d columns"
                .formatted(cells.size(), i + 1, headings.size()));
      }
      Map<String, String> row = new HashMap<>();
      for (int c = 0; c < cells.size(); c++) {
        row.put(headings.get(c), cells.get(c));
      }
      addRow(row, i + 1);
    }
  }

  private void addRow(Map<String, String> row, int number) {
    String field = row.get("field");
    if (!isOfThisRun(field)) {
      return;
    }
    String bytes = row.getOrDefault("bytes", "");
    double rate =
        bytes.isEmpty()
            ? number(row.getOrDefault("bits_per_value", ""), number)
            : 8 * number(bytes, number) / values.get(field);
    Map<Domain, Double> psnr = new EnumMap<>(Domain.class);
    for (Domain domain : Domain.values()) {
      String cell = row.getOrDefault("psnr_" + domain.text(), "");
      if (!cell.isEmpty()) {
        psnr.put(domain, number(cell, number));
      }
    }
    if (!isRate(rate) || psnr.isEmpty()) {
      throw invalid(
          "has a row " + number + " without a rate above 0 that is finite, or without a PSNR");
    }
    String curve = row.getOrDefault("curve", stem());
    if (measured.contains(curve)) {
      throw invalid(
          "has a curve '"
              + curve
              + "', and so has what is measured here: give one of them another name, in the table's"
              + " column curve or with --curve");
    }
    points.add(
        new RatePoint(curve, row.getOrDefault("label", ""), field, rate, psnr, Optional.empty()));
  }

  private static boolean isRate(double bitsPerValue) {
    return bitsPerValue > 0 && bitsPerValue < Double.POSITIVE_INFINITY;
  }

  private double number(String cell, int row) {
    double number;
    try {
      number =
          cell.toLowerCase(Locale.ROOT).startsWith("inf")
              ? Double.POSITIVE_INFINITY
              : Double.parseDouble(cell);
    } catch (NumberFormatException e) {
      number = Double.NaN;
    }
    if (Double.isNaN(number) || number == Double.NEGATIVE_INFINITY) {
      throw invalid("has '" + cell + "' in row " + row + " where a number belongs");
    }
    return number;
  }

  private String stem() {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  /** Cells with commas between them; what stands in quotes may hold commas (RFC 4180). */
  private static List<String> cells(String line) {
    List<String> cells = new ArrayList<>();
    StringBuilder cell = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
        cell.append(c);
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        cells.add(cell.toString().strip());
        cell.setLength(0);
      } else {
        cell.append(c);
      }
    }
    cells.add(cell.toString().strip());
    return cells;
  }

  /** What {@link RateReport#toJson} wrote. */
  private void readJson(String text) {
    try {
      JsonObject root = JsonParser.parseString(text).getAsJsonObject();
      for (JsonElement curve : root.getAsJsonArray("curves")) {
        String name = curve.getAsJsonObject().get("name").getAsString();
        for (JsonElement field : curve.getAsJsonObject().getAsJsonArray("fields")) {
          addResults(name, field.getAsJsonObject());
        }
      }
    } catch (JsonParseException
        | IllegalStateException
        | ClassCastException
        | IndexOutOfBoundsException
        | NullPointerException
        | UnsupportedOperationException
        | NumberFormatException e) {
      throw invalid("is not the JSON that tessera eval writes");
    }
  }

  private void addResults(String curve, JsonObject of) {
    String field = of.get("field").getAsString();
    if (!isOfThisRun(field)) {
      return;
    }
    // where a PSNR is null, nothing was lost or it was not measured: no point of a curve either way
    JsonArray labels = of.getAsJsonArray("labels");
    JsonObject results = of.getAsJsonObject("results");
    for (int i = 0; i < labels.size(); i++) {
      Map<Domain, Double> psnr = new EnumMap<>(Domain.class);
      for (Domain domain : Domain.values()) {
        JsonArray column = results.getAsJsonArray("psnr" + domain.suffix());
        if (column != null) {
          JsonElement cell = column.get(i);
          if (!cell.isJsonNull()) {
            psnr.put(domain, jsonNumber(cell));
          }
        }
      }
      double rate = jsonNumber(results.getAsJsonArray("bpp").get(i));
      if (!isRate(rate)) {
        throw new NumberFormatException("no rate: " + rate);
      }
      points.add(
          new RatePoint(curve, labels.get(i).getAsString(), field, rate, psnr, Optional.empty()));
    }
  }

  private static double jsonNumber(JsonElement cell) {
    double number = cell.getAsDouble();
    if (Double.isNaN(number)) {
      throw new NumberFormatException("no number: " + cell);
    }
    return number;
  }
}
