package dev.tessera.train;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.tessera.field.TesseraException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
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

  private final Path file;

  /** A channel would be closed by the interrupt that ends a training. */
  private final RandomAccessFile out;

  private List<Entry> entries = new ArrayList<>();

  /**
   * Opens the log beside a model and keeps others from it as long as it is open, and so from all
   * that a training writes. What it holds stays until the first line is added.
   *
   * @throws TesseraException.Invalid if another training has it open
   */
  MetricsLog(Path file) throws IOException {
    this.file = file;
    try {
      this.out = new RandomAccessFile(file.toFile(), "rw");
    } catch (FileNotFoundException e) {
      throw new FileSystemException(file.toString(), null, "cannot be written");
    }
    if (!locked()) {
      out.close();
      throw new TesseraException.Invalid(
          "another training is writing "
              + file
              + ": wait for its end, stop it, or name another file with --out");
    }
  }

  private boolean locked() throws IOException {
    try {
      return out.getChannel().tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // in this program
    } catch (IOException e) {
      return true; // a file system without locks
    }
  }

  /**
   * Takes over what a resumed training has logged.
   *
   * @param steps that it has made: later lines, of steps that will be made again, are dropped
   */
  void goOnAfter(long steps) throws IOException {
    entries = kept(steps);
    for (Entry entry : entries) {
      write(entry);
    }
    out.setLength(out.getFilePointer());
  }

  /** The log of a model file. */
  static Path beside(Path model) {
    String stem = model.getFileName().toString().replaceAll("\\.safetensors$", "");
    return model.resolveSibling(stem + ".metrics.jsonl");
  }

  private List<Entry> kept(long steps) throws IOException {
    // not by the file's name: to close another handle of it is to give up the lock
    byte[] contents = new byte[Math.toIntExact(out.length())];
    out.readFully(contents);
    out.seek(0);
    List<Entry> kept = new ArrayList<>();
    // what is not UTF-8 is no line of ours
    for (String line : new String(contents, StandardCharsets.UTF_8).split("\n")) {
      readable(line).filter(entry -> entry.step() <= steps).ifPresent(kept::add);
    }
    return kept;
  }

  /** A line's content; empty of one that a sudden end left unfinished. */
  private static Optional<Entry> readable(String line) {
    try {
      return Optional.of(Entry.of(JsonParser.parseString(line)));
    } catch (JsonParseException
        | IllegalStateException
        | NullPointerException
        | UnsupportedOperationException
        | NumberFormatException e) {
      return Optional.empty();
    }
  }

  void add(Entry entry) throws IOException {
    entries.add(entry);
    write(entry);
    out.setLength(out.getFilePointer());
  }

  private void write(Entry entry) throws IOException {
    try {
      out.write((entry.toJson() + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // of a full disk Java tells neither the file nor more
      throw new FileSystemException(file.toString(), null, e.getMessage());
    }
  }

  List<Entry> entries() {
    return entries;
  }

  /** Leaves no file where nothing was logged. */
  @Override
  public void close() throws IOException {
    if (out.length() == 0) {
      Files.deleteIfExists(file);
    }
    out.close();
  }
}
