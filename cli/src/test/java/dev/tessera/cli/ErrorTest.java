package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever goes wrong ends in one line that says what to do, and leaves nothing behind. */
final class ErrorTest extends CommandTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "compress",
        "decompress",
        "info",
        "verify",
        "demo",
        "models",
        "import",
        "export-onnx",
        "synth"
      })
  void everyCommandHasHelpAndRefusesUnknownOptions(String command) {
    assertThat(run(command, "--help").expectDone().text()).contains("Usage: tessera " + command);
    run(command, "a", "b", "--no-such-option").expectError(2, "see: tessera " + command);
  }

  @Test
  void theProgramSaysWhatItIs() {
    assertThat(run("--help").expectDone().text()).contains("compress", "decompress", "verify");
    String version = run("--version").expectDone().text();
    assertThat(version).startsWith("tessera ");
    assertThat(run("compress", "--version").expectDone().text()).isEqualTo(version);
    assertThat(run("bench", "e2e", "--version").expectDone().text()).isEqualTo(version);
    Run nothing = run();
    assertThat(nothing.code()).isEqualTo(2);
    assertThat(nothing.errors()).contains("Usage: tessera");
  }

  @Test
  void aWrongCommandLineIsAUsageError() {
    run("squeeze").expectError(2, "there is no command 'squeeze'");
    run("--fast").expectError(2, "there is no option '--fast'");
    run("compress", "a", "b", "--tiel", "64").expectError(2, "there is no option '--tiel'");
    run("compress", "a", "b", "c").expectError(2, "'c' is one name too many");
    run("train", "--data", "a.npy", "b.npy", "c.npy", "--steps", "1", "--out", "m.safetensors")
        .expectError(
            2, "'b.npy' is one name too many: repeat --data for each, or put a pattern", "quotes");
    run("calibrate", "m", "--data=a.npy", "b.npy").expectError(2, "repeat --data for each (see");
    run("eval", "--data", "a.npy", "b.npy", "--points", "a.csv", "b.csv")
        .expectError(2, "'b.csv' is one name too many: repeat --points for each (see");
    run("compress", "a", "b", "--tile", "64", "c").expectError(2, "one name too many (see");
    run("compress").expectError(2, "Missing required parameter", "IN");
    run("decompress", "a.tsr").expectError(2, "Missing required parameter", "OUT");
    run("compress", "a", "b", "--tile").expectError(2, "Missing required parameter", "--tile");
  }

  @Test
  void optionsThatExcludeEachOtherAreNamed() throws IOException {
    run("synth", path("set"), "--set", "cosmo", "--varied")
        .expectError(2, "--family=<family>", "--set=KIND", "are mutually exclusive");
    run("synth", path("a.f32"), "--shape", "4x16x16").expectError(2, "argument(s): --family");
    run("synth", "-", "--set", "cosmo").expectError(2, "a folder of files");
    assertThat(names()).isEmpty();
  }

  @Test
  void whatThreadsCouldNotWriteIsSaidInOneLine() throws Exception {
    StringWriter errors = new StringWriter();
    IOException full = new IOException("the disk is full");
    int code = Main.report(new PrintWriter(errors, true), new UncheckedIOException(full));
    assertThat(code).isEqualTo(Main.DATA);
    assertThat(errors.toString().lines())
        .containsExactly("tessera: reading or writing failed: the disk is full");
  }

  @Test
  void missingInputIsNamed() throws IOException {
    String missing = path("missing.f32");
    run("compress", missing, path("a.tsr")).expectError(2, "there is no file '" + missing + "'");
    run("decompress", path("m.tsr"), path("a.npy")).expectError(2, "m.tsr' does not exist");
    run("info", path("m.tsr")).expectError(2, "m.tsr' does not exist");
    String field = waves(DataType.UINT8, 40, 50);
    run("verify", field, path("m.tsr")).expectError(2, "m.tsr' does not exist");
    run("verify", missing, path("m.tsr")).expectError(2, "there is no file '" + missing + "'");
    assertThat(names()).hasSize(1);
  }

  @Test
  void aFolderIsNoInput() throws IOException {
    String here = folder.toString();
    run("compress", here, path("a.tsr")).expectError(2, "is a folder");
    run("decompress", here, path("a.npy")).expectError(2, "is a folder");
    run("info", here).expectError(2, "is a folder");
    run("verify", waves(DataType.UINT8, 40, 50), here).expectError(2, "is a folder");
    assertThat(names()).hasSize(1);
  }

  @Test
  void anEmptyOrForeignFileIsNoInput() throws IOException {
    Files.write(folder.resolve("empty"), new byte[0]);
    Files.writeString(folder.resolve("letter.txt"), "Dear reader");
    run("compress", path("empty"), path("a.tsr")).expectError(2, "is empty");
    run("compress", path("letter.txt"), path("a.tsr")).expectError(2, "--shape", "--dtype");
    for (String file : new String[] {"empty", "letter.txt"}) {
      run("decompress", path(file), path("a.npy")).expectError(1, "not a .tsr file");
      run("info", path(file)).expectError(1, "not a .tsr file");
    }
    assertThat(names()).hasSize(2);
  }

  @Test
  void whatMayNotBeReadIsNamed() throws IOException {
    File field = new File(waves(DataType.UINT8, 40, 50));
    File container = new File(container("a.tsr"));
    Assumptions.assumeTrue(
        field.setReadable(false) && container.setReadable(false) && !field.canRead(),
        "the superuser may all");
    run("compress", field.getPath(), path("b.tsr")).expectError(2, "may not be read");
    run("decompress", container.getPath(), path("b.npy")).expectError(2, "may not be read");
    assertThat(names()).hasSize(3);
  }

  @Test
  void aModelThatIsNotHereIsNamed() throws IOException {
    String field = waves(DataType.UINT8, 40, 50);
    run("compress", field, path("a.tsr"), "-m", FACTORIZED).expectDone();
    String id = run("info", path("a.tsr"), "--json").json().get("model_id").getAsString();
    String[] said = {"the model with the id " + id + " is not here", "install it into"};
    run("decompress", path("a.tsr"), path("back.npy")).expectError(2, said);
    run("verify", field, path("a.tsr")).expectError(2, said);
    assertThat(names()).hasSize(2);
  }

  @Test
  void theWrongModelIsRefused() throws IOException {
    String container = container("a.tsr");
    String[] said = {"the file was made with model ", "not with checkpoint"};
    run("decompress", container, path("b.npy"), "-m", MEAN_SCALE).expectError(2, said);
    run("info", container, "-m", MEAN_SCALE).expectError(2, said);
    run("info", container, "-m", "nope").expectError(2, "there is no model 'nope'");
    run("verify", waves(DataType.FLOAT32, 6, 40, 50), container, "-m", MEAN_SCALE)
        .expectError(2, said);
    assertThat(names()).hasSize(2);
  }

  @Test
  void aDamagedContainerIsRefused() throws IOException {
    byte[] good = Files.readAllBytes(Path.of(container("a.tsr")));
    int[] lengths = {3, 20, good.length / 2, good.length - 1};
    String[] said = {"not a .tsr file", "is cut short", "is cut short", "is truncated or damaged"};
    for (int i = 0; i < lengths.length; i++) {
      Files.write(folder.resolve("cut.tsr"), Arrays.copyOf(good, lengths[i]));
      run("decompress", path("cut.tsr"), path("b.npy")).expectError(1, said[i]);
      run("info", path("cut.tsr")).expectError(1, said[i]);
    }
    byte[] flipped = good.clone();
    flipped[good.length - 40] ^= 16;
    Files.write(folder.resolve("flipped.tsr"), flipped);
    run("decompress", path("flipped.tsr"), path("b.npy")).expectError(1, "checksum");
    run("decompress", path("flipped.tsr"), "-").expectError(1, "checksum");
    assertThat(names()).hasSize(4).doesNotContain("b.npy");
  }

  @Test
  void anotherOriginalIsRefused() throws IOException {
    String container = container("a.tsr");
    run("verify", waves(DataType.FLOAT32, 5, 40, 50), container).expectError(2, "6x40x50");
    run("verify", waves(DataType.FLOAT64, 6, 40, 50), container).expectError(2, "f64");
    run("verify", container, waves(DataType.FLOAT32, 6, 40, 50))
        .expectError(2, "a.tsr' is a compressed file: name the field itself");
  }

  @Test
  void anImpossibleOutputIsRefused() throws IOException {
    String container = container("a.tsr");
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    String[] model = {"-m", FACTORIZED, "--normalizer", "minmax"};
    run("decompress", container, path("no/b.npy")).expectError(2, "the folder of");
    run("compress", field, path("no/b.tsr"), model[0], model[1], model[2], model[3])
        .expectError(2, "the folder of");
    run("decompress", container, folder.toString()).expectError(2, "is a folder");
    run("compress", field, folder.toString(), model[0], model[1], model[2], model[3])
        .expectError(2, "is a folder");
    run("decompress", container, path("b.png")).expectError(1, "PNG holds");
    run("decompress", container, path("b.npy.gz")).expectError(1, "leave out .gz");
    run("decompress", container, container).expectError(2, "is the file that is read");
    run("compress", field, field, model[0], model[1], model[2], model[3])
        .expectError(2, "is the file that is read");
    assertThat(names()).hasSize(2);
  }

  @Test
  void aReadOnlyTargetIsLeftAlone() throws IOException {
    String container = container("a.tsr");
    File target = folder.resolve("b.npy").toFile();
    Files.writeString(target.toPath(), "precious");
    Assumptions.assumeTrue(target.setReadOnly() && !target.canWrite(), "the superuser may all");
    run("decompress", container, target.getPath()).expectError(2, "is read-only");
    assertThat(Files.readString(target.toPath())).isEqualTo("precious");
  }
}
