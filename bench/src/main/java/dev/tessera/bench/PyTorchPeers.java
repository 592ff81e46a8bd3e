package dev.tessera.bench;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Runs the same networks in PyTorch, on the same tiles and weights, through {@code
 * bench/peers/pytorch_e2e.py}, which comes with the program.
 */
public final class PyTorchPeers {
  private static final String SCRIPT = "pytorch_e2e.py";
  private static final int CHUNK = 1 << 24;

  private final String python;
  private final int seconds;
  private final Map<String, String> stack = new LinkedHashMap<>();

  /**
   * Names the interpreter.
   *
   * @param python a Python with PyTorch: a name in PATH, or a path
   * @param seconds after which it is stopped; what it told until then counts
   */
  public PyTorchPeers(String python, int seconds) {
    this.python = python;
    this.seconds = seconds;
  }

  /** Versions of what ran, after a run. */
  public Map<String, String> stack() {
    return stack;
  }

  /** Why it cannot run; empty if it can. */
  public Optional<String> obstacle() {
    return Machine.output(
                python, "-c", "import importlib.util as u; print(u.find_spec('torch') is not None)")
            .equals("True")
        ? Optional.empty()
        : Optional.of(
            "peers: " + python + " is not here or has no PyTorch: name another with --python");
  }

  /**
   * Runs everything that the script knows.
   *
   * @param latents what our g_a makes of the tiles, float32
   * @param restored what our g_s makes of these
   * @param progress told of each result
   * @throws IOException if the temporary folder does not take what is handed over
   */
  List<PeerResult> run(
      Model model,
      E2eShape shape,
      MemorySegment tiles,
      MemorySegment latents,
      MemorySegment restored,
      Consumer<String> progress)
      throws IOException {
    Path folder = null;
    try {
      folder = Files.createTempDirectory("tessera-peers");
      Path script = folder.resolve(SCRIPT);
      try (InputStream text = PyTorchPeers.class.getResourceAsStream(SCRIPT)) {
        Files.copy(Objects.requireNonNull(text), script);
      }
      model.write(folder.resolve("model.safetensors"));
      write(folder.resolve("tiles.f32"), tiles);
      write(folder.resolve("latents.f32"), latents);
      write(folder.resolve("restored.f32"), restored);
      String size =
          "%dx%dx%dx%d".formatted(shape.tiles(), shape.channels(), shape.height(), shape.width());
      return start(
          List.of(python, script.toString(), folder.toString(), size), folder, shape, progress);
    } finally {
      delete(folder);
    }
  }

  private List<PeerResult> start(
      List<String> command, Path folder, E2eShape shape, Consumer<String> progress)
      throws IOException {
    Path log = folder.resolve("log.txt");
    Process process = new ProcessBuilder(command).redirectError(log.toFile()).start();
    process.getOutputStream().close();
    Thread watch =
        Thread.ofVirtual()
            .start(() -> {
              try {
                if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                  stop(process);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    List<PeerResult> results = new ArrayList<>();
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Optional<PeerResult> result = parse(line, shape.bytes(), stack);
        result.ifPresent(peer -> {
          results.add(peer);
          progress.accept("  " + peer.name());
        });
      }
    } finally {
      stop(process);
      watch.interrupt();
    }
    if (results.isEmpty()) {
      String last = Files.readString(log).strip().lines().reduce("", (_, line) -> line);
      results.add(failed("PyTorch", shape.bytes(), last.isEmpty() ? "it said nothing" : last));
    }
    return results;
  }

  /** PyTorch's compiler has processes of its own. */
  private static void stop(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  /**
   * A line of the script's.
   *
   * @param stack receives versions
   * @return a result, if the line is one
   */
  static Optional<PeerResult> parse(String line, long tileBytes, Map<String, String> stack) {
    JsonObject json;
    try {
      JsonElement element = JsonParser.parseString(line);
      if (!element.isJsonObject()) {
        return Optional.empty();
      }
      json = element.getAsJsonObject();
    } catch (JsonParseException chatter) {
      return Optional.empty(); // of a library that prints
    }
    if (json.has("stack")) {
      json.getAsJsonObject("stack")
          .entrySet()
          .forEach(entry -> {
            // null: this PyTorch was built without it
            boolean present = !entry.getValue().isJsonNull();
            stack.put(entry.getKey(), present ? entry.getValue().getAsString() : "none");
          });
      return Optional.empty();
    }
    if (!json.has("peer")) {
      return Optional.empty();
    }
    String name = json.get("peer").getAsString();
    if (json.has("failure")) {
      return Optional.of(failed(name, tileBytes, json.get("failure").getAsString()));
    }
    return Optional.of(
        new PeerResult(
            name,
            tileBytes,
            number(json, "g_a_s"),
            number(json, "g_s_s"),
            number(json, "g_a_difference"),
            number(json, "g_s_difference"),
            Optional.empty()));
  }

  private static double number(JsonObject json, String key) {
    if (!json.has(key)) {
      throw new TesseraException.Corrupt("the peers' script tells no " + key, -1);
    }
    return json.get(key).getAsDouble();
  }

  private static PeerResult failed(String name, long tileBytes, String why) {
    double none = Double.NaN;
    return new PeerResult(name, tileBytes, none, none, none, none, Optional.of(why));
  }

  private static void write(Path file, MemorySegment values) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long at = 0; at < values.byteSize(); at += CHUNK) {
        var part = values.asSlice(at, Math.min(CHUNK, values.byteSize() - at)).asByteBuffer();
        while (part.hasRemaining()) {
          channel.write(part);
        }
      }
    }
  }

  private static void delete(Path folder) {
    if (folder == null) {
      return;
    }
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException left) {
      // a temporary folder that the system clears
    }
  }
}
