package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.tessera.field.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** models, import and export-onnx, and models by name and id. */
final class ModelCommandsTest extends CommandTest {
  private static JsonArray models() {
    return JsonParser.parseString(run("models", "--json").expectDone().text()).getAsJsonArray();
  }

  private static JsonObject named(String name) {
    for (var entry : models()) {
      if (entry.getAsJsonObject().get("name").getAsString().equals(name)) {
        return entry.getAsJsonObject();
      }
    }
    throw new AssertionError("no model " + name);
  }

  /** Those that do not come with the program. */
  private static List<JsonObject> installed() {
    List<JsonObject> installed = new ArrayList<>();
    for (var entry : models()) {
      if (!entry.getAsJsonObject().get("file").isJsonNull()) {
        installed.add(entry.getAsJsonObject());
      }
    }
    return installed;
  }

  private static Path modelFolder() {
    return Path.of(System.getProperty("user.home"), ".tessera", "models");
  }

  @Test
  void theBundledModelIsThere() {
    assertThat(run("models").expectDone().text())
        .contains("nyx-factorized", "bmshj2018-factorized", "(bundled)");
    JsonObject bundled = named("nyx-factorized");
    assertThat(named("cosmo-q1").get("input_channels").getAsInt()).isEqualTo(16);
    assertThat(installed()).isEmpty();
    assertThat(bundled.get("n").getAsInt()).isEqualTo(128);
    assertThat(bundled.get("m").getAsInt()).isEqualTo(192);
    assertThat(bundled.get("file").isJsonNull()).isTrue();
  }

  @Test
  void anImportedModelIsFoundByNameAndId() throws IOException {
    Run imported =
        run("import", MEAN_SCALE, "--name", "photos-q1", "--normalizer", "minmax:slice")
            .expectDone();
    assertThat(imported.text()).contains("photos-q1", "mbt2018-mean", "3 input channels");
    JsonObject entry = named("photos-q1");
    assertThat(imported.text()).contains(entry.get("id").getAsString().substring(0, 32));
    assertThat(Path.of(entry.get("file").getAsString())).exists().hasParent(modelFolder());
    assertThat(run("models").text()).contains("photos-q1").contains("minmax:slice");

    String field = waves(DataType.FLOAT32, 3, 40, 50);
    String prefix = entry.get("id").getAsString().substring(0, 8);
    run("compress", field, path("a.tsr"), "--model", "photos-q1").expectDone();
    run("compress", field, path("b.tsr"), "--model", prefix).expectDone();
    assertThat(bytes("a.tsr")).isEqualTo(bytes("b.tsr"));
    JsonObject info = run("info", path("a.tsr"), "--json").expectDone().json();
    assertThat(info.get("normalizer").getAsString()).isEqualTo("minmax:slice");
    assertThat(info.get("model").getAsString()).isEqualTo("photos-q1");
    // nothing is said of the model: the file names it
    run("decompress", path("a.tsr"), path("back.npy")).expectDone();
    run("verify", field, path("a.tsr")).expectDone();
  }

  @Test
  void importAgainChangesNothing() {
    run("import", FACTORIZED, "--name", "same").expectDone();
    run("import", FACTORIZED, "--name", "same").expectDone();
    assertThat(installed()).hasSize(1);
    run("import", MEAN_SCALE, "--name", "same").expectError(2, "another model is called same");
  }

  @Test
  void halfIsAnotherSmallerModel() {
    run("import", MEAN_SCALE, "--name", "full").expectDone();
    run("import", MEAN_SCALE, "--name", "half", "--half").expectDone();
    JsonObject full = named("full");
    JsonObject half = named("half");
    assertThat(half.get("id").getAsString()).isNotEqualTo(full.get("id").getAsString());
    assertThat(half.get("bytes").getAsLong()).isLessThan(full.get("bytes").getAsLong());
  }

  @Test
  void outWritesAFileInsteadOfInstalling() throws IOException {
    run("import", FACTORIZED, "--out", path("model.safetensors"), "--name", "apart").expectDone();
    assertThat(installed()).isEmpty();
    assertThat(modelFolder()).doesNotExist();
    String field = waves(DataType.UINT8, 40, 50);
    run("compress", field, path("a.tsr"), "-m", path("model.safetensors")).expectDone();
    run("decompress", path("a.tsr"), path("b.npy"), "-m", path("model.safetensors")).expectDone();
  }

  @Test
  void aBadImportIsRefused() throws IOException {
    Files.writeString(folder.resolve("text.pth.tar"), "no model at all");
    run("import", path("text.pth.tar")).expectError(1, "text.pth.tar");
    Files.write(folder.resolve("empty.pth"), new byte[0]);
    run("import", path("empty.pth")).expectError(1, "empty.pth");
    run("import", path("missing.pth")).expectError(2, "missing.pth", "does not exist");
    run("import", folder.toString()).expectError(2, "is a folder");
    run("import", FACTORIZED, "--name", "a/b").expectError(2, "cannot be a model's name");
    run("import", FACTORIZED, "--name", "").expectError(2, "a model's name is not empty");
    run("import", FACTORIZED, "--normalizer", "foo").expectError(2, "no normalizer stage");
    run("import", FACTORIZED, "--out", path("no/where.safetensors"))
        .expectError(2, "where.safetensors", "does not exist");
    run("import", FACTORIZED, "--out", folder.toString()).expectError(2, "is a folder");
    run("import", FACTORIZED, "--out", path("empty.pth"))
        .expectError(2, "a model is written to a .safetensors file");
    assertThat(names()).containsExactlyInAnyOrder("text.pth.tar", "empty.pth");
    assertThat(bytes("empty.pth")).isEmpty();
    assertThat(installed()).isEmpty();
  }

  @Test
  void anImportReplacesModelsOnly() throws IOException {
    Path other = Files.writeString(folder.resolve("other.safetensors"), "notes");
    Path model = Files.copy(Path.of(FACTORIZED), folder.resolve("model.safetensors"));
    run("import", MEAN_SCALE, "--out", other.toString()).expectError(2, "exists and is no model");
    run("import", model.toString(), "--half", "--out", model.toString())
        .expectError(2, "is the file that is read");
    run("calibrate", FACTORIZED, "--data", path("no.npy"), "--out", other.toString())
        .expectError(2, "exists and is no model");
    assertThat(other).hasContent("notes");
    assertThat(model).hasSameBinaryContentAs(Path.of(FACTORIZED));
    run("import", MEAN_SCALE, "--out", model.toString()).expectDone();
    assertThat(Files.size(model)).isNotEqualTo(Files.size(Path.of(FACTORIZED)));
  }

  /** A damaged model in the folder does not get in the way of the others. */
  @Test
  void aDamagedModelIsListedAsSuch() throws IOException {
    Files.createDirectories(modelFolder());
    Files.writeString(modelFolder().resolve("broken.safetensors"), "no model at all");
    Run listed = run("models").expectDone();
    assertThat(listed.text()).contains("nyx-factorized");
    assertThat(listed.errors()).startsWith("tessera: warning: ").contains("broken.safetensors");
  }

  @Test
  void exportOnnxWritesEveryNetwork() throws IOException {
    Run exported = run("export-onnx", MEAN_SCALE, path("onnx")).expectDone();
    for (String network : new String[] {"g_a", "g_s", "h_a", "h_s"}) {
      Path file = folder.resolve("onnx").resolve(network + ".onnx");
      assertThat(exported.text()).contains(file.toString());
      assertThat(Files.size(file)).isGreaterThan(1000);
    }
    assertThat(exported.text().lines()).hasSize(4);
    run("export-onnx", FACTORIZED, FACTORIZED).expectError(2, "is a file, not a folder");
    run("export-onnx", "nope", path("more")).expectError(2, "there is no model 'nope'");
    assertThat(names()).containsExactly("onnx");
  }
}
