package dev.tessera.bench;

import static dev.tessera.bench.Numbers.fixed;
import static dev.tessera.bench.Numbers.short3;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The page of {@code bench reproduce}: what ran on what, and each figure beside those of others.
 *
 * @param run what it ran on and how it was called
 * @param stack versions of other programs
 * @param parts in order
 */
record ReproduceSummary(RunInfo run, Map<String, String> stack, List<ReproducePart> parts) {
  private static final String UNITS =
      """
      GB/s are 10^9 bytes a second; the reference prints GiB/s, of which one is 1.074 GB/s, and its
      rates are converted here. PSNR is 20·log10(range / RMSE); the reference prints 20·log10(range
      / (2·RMSE)), which is 6.02 dB less, so that it stands in both forms. Figures of others are
      quoted, not measured in this run, unless a line says so.
      """;

  /** For people, in Markdown. */
  String markdown() {
    StringBuilder out = new StringBuilder("# Tables of CompressAI-Science, measured again\n\n");
    out.append(run.title()).append(", ").append(run.time()).append(".\n\n");
    out.append('`').append(run.command()).append("`, ").append(run.version()).append("\n\n");
    out.append(UNITS).append('\n');
    out.append("| part | |\n|---|---|\n");
    for (ReproducePart part : parts) {
      String state =
          part.failure()
              .map(why -> "not run: " + cell(why))
              .orElseGet(() ->
                  part.files().stream()
                      .map(file -> "[" + file + "](" + file + ")")
                      .collect(Collectors.joining(", ")));
      out.append("| %s | %s |\n".formatted(part.title(), state));
    }
    parts.stream().filter(part -> part.failure().isEmpty()).forEach(part -> section(out, part));
    out.append("\n## Software stack\n\n| | |\n|---|---|\n");
    run.machine().forEach((key, value) -> property(out, key, value));
    run.devices()
        .forEach((name, properties) ->
            properties.forEach((key, value) -> property(out, name + ": " + key, value)));
    stack.forEach((key, value) -> property(out, key, value));
    return out.toString();
  }

  private static void property(StringBuilder out, String key, String value) {
    out.append("| %s | %s |\n".formatted(cell(key), cell(value)));
  }

  private static void section(StringBuilder out, ReproducePart part) {
    boolean judged = part.figures().stream().anyMatch(row -> Double.isFinite(row.psnr()));
    out.append("\n## ").append(part.title()).append("\n\n");
    part.notes().forEach(note -> out.append(note).append('\n'));
    out.append("\n| | encode | decode | CR |");
    out.append(judged ? " PSNR | as the reference prints it |" : "").append(" others |\n");
    out.append("|---|---|---|---|").append(judged ? "---|---|" : "").append("---|\n");
    for (Comparison row : part.figures()) {
      out.append(
          "| %s | %s | %s | %s |"
              .formatted(
                  cell(row.what()),
                  short3(row.encode()),
                  short3(row.decode()),
                  fixed(row.ratio(), 2)));
      if (judged) {
        out.append(
            " %s | %s |"
                .formatted(
                    fixed(row.psnr(), 2), fixed(row.psnr() - Published.REFERENCE_PSNR_SHIFT, 2)));
      }
      out.append(' ').append(others(row)).append(" |\n");
    }
    part.files().stream()
        .filter(file -> file.endsWith(".svg"))
        .forEach(file -> out.append("\n![").append(file).append("](").append(file).append(")\n"));
  }

  private static String others(Comparison row) {
    return Published.of(row.key()).stream()
        .map(figure ->
            "%s: %s / %s%s"
                .formatted(
                    figure.who(),
                    short3(figure.encode()),
                    short3(figure.decode()),
                    Double.isFinite(figure.ratio()) ? ", CR " + fixed(figure.ratio(), 1) : ""))
        .collect(Collectors.joining("; "));
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replace('\n', ' ');
  }

  /** For programs. */
  JsonObject toJson() {
    JsonObject json = run.toJson();
    JsonObject versions = new JsonObject();
    stack.forEach(versions::addProperty);
    json.add("stack", versions);
    JsonArray all = new JsonArray();
    parts.forEach(part -> all.add(part.toJson()));
    json.add("parts", all);
    return json;
  }
}
