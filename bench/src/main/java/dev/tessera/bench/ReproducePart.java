package dev.tessera.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * What came of a part of {@code bench reproduce}.
 *
 * @param name the part's
 * @param title what it measured, in a few words
 * @param files that it wrote, by name
 * @param figures beside which others stand
 * @param notes what is to be known about them, a sentence each
 * @param failure why it did not run; empty if it did
 */
record ReproducePart(
    String name,
    String title,
    List<String> files,
    List<Comparison> figures,
    List<String> notes,
    Optional<String> failure) {
  static ReproducePart failed(String name, String title, String why) {
    return new ReproducePart(name, title, List.of(), List.of(), List.of(), Optional.of(why));
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("part", name);
    json.addProperty("title", title);
    failure.ifPresent(why -> json.addProperty("not_run", why));
    json.add("files", strings(files));
    json.add("notes", strings(notes));
    JsonArray rows = new JsonArray();
    figures.forEach(figure -> rows.add(figure.toJson()));
    json.add("figures", rows);
    return json;
  }

  private static JsonArray strings(List<String> texts) {
    JsonArray array = new JsonArray();
    texts.forEach(array::add);
    return array;
  }
}
