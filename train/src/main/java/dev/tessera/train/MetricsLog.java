package dev.tessera.train;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code metrics.jsonl}: an object a line, of the means over some steps or of a validation, which
 * its {@code kind} tells apart.
 */
final class MetricsLog implements AutoCloseable {
  /** Kinds of lines. */
  enum Kind {
    TRAINING,
    VALIDATION
  }

  /**
   * A line.
   *
   * @param step steps made
   * @param seconds of training until then
   * @param learningRate of the networks
   */
  record Entry(Kind kind, long step, double seconds, Losses losses, double learningRate) {
    private JsonObject toJson() {
      JsonObject json = new JsonObject();
      json.addProperty("kind", kind == Kind.TRAINING ? "training" : "validation");
      json.addProperty("step", step);
      json.addProperty("seconds", seconds);
      json.addProperty("loss", losses.loss());
      json.addProperty("bpp", losses.bitsPerPixel());
      json.addProperty("mse", losses.squaredError());
      json.addProperty("psnr", losses.psnr());
      json.addProperty("learning_rate", learningRate);
      return json;
    }

    private static Entry of(JsonElement line) {
      JsonObject json = line.getAsJsonObject();
      return new Entry(
          json.get("kind").getAsString().equals("training") ? Kind.TRAINING : Kind.VALIDATION,
          json.get("step").getAsLong(),
          json.get("seconds").getAsDouble(),
          new Losses(
              json.get("loss").getAsDouble(),
              json.get("bpp").getAsDouble(),
              json.get("mse").getAsDouble()),
          json.get("learning_rate").getAsDouble());
    }
  }

  private final List<Entry> entries;
  private final BufferedWriter out;

  /**
   * Opens the log beside a model.
   *
   * @param steps steps that a resumed training has made: later lines, of steps that will be made
   *     again, are dropped; 0 begins a new log
   */
  MetricsLog(Path file, long steps) throws IOException {
    this.entries = steps == 0 ? new ArrayList<>() : kept(file, steps);
    this.out = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
    for (Entry entry : entries) {
      write(entry);
    }
    out.flush();
  }

  /** The log of a model file. */
  static Path beside(Path model) {
    String stem = model.getFileName().toString().replaceAll("\\.safetensors$", "");
    return model.resolveSibling(stem + ".metrics.jsonl");
  }

  private static List<Entry> kept(Path file, long steps) throws IOException {
    List<Entry> kept = new ArrayList<>();
    if (Files.exists(file)) {
      for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
        readable(line).filter(entry -> entry.step() <= steps).ifPresent(kept::add);
      }
    }
    return kept;
  }

  /** A line's content; empty of one that a sudden end left unfinished. */
  private static Optional<Entry> readable(String line) {
    try {
      return Optional.of(Entry.of(JsonParser.parseString(line)));
    } catch (JsonParseException | IllegalStateException | NullPointerException e) {
      return Optional.empty();
    }
  }

  void add(Entry entry) throws IOException {
    entries.add(entry);
    write(entry);
    out.flush();
  }

  private void write(Entry entry) throws IOException {
    out.write(entry.toJson().toString());
    out.newLine();
  }

  List<Entry> entries() {
    return entries;
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
