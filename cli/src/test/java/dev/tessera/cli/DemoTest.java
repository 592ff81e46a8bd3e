package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** demo and synth. */
final class DemoTest extends CommandTest {
  @Test
  void synthTakesTheShapeThatARawFileIsReadBy() throws IOException {
    run("synth", path("s_16x16x16.f32")).expectDone();
    assertThat(bytes("s_16x16x16.f32")).hasSize(4 * 16 * 16 * 16);
    run("synth", path("s_3x20x24_run-7.f32"), "--family", "sky").expectDone();
    assertThat(bytes("s_3x20x24_run-7.f32")).hasSize(4 * 3 * 20 * 24);
    run("synth", path("s_8x8x8.f32"), "--size", "16")
        .expectError(2, "says 8x8x8, but the field that is asked for is 16x16x16");
    run("synth", path("s_8x8x8.f32"), "--family", "sky", "--shape", "3x20x24")
        .expectError(2, "says 8x8x8, but the field that is asked for is 3x20x24");
    run("synth", path("s_8x8x8.f32")).expectError(2, "16 to 640");
    run("synth", path("s_8x16x16.f32")).expectError(2, "says 8x16x16, but a universe is a cube");
    // the first is a run's number, the second says itself what shape it has
    run("synth", path("s_7.f32"), "--size", "16").expectDone();
    run("synth", path("s_8x8x8.npy"), "--size", "16").expectDone();
    assertThat(names())
        .containsExactlyInAnyOrder(
            "s_16x16x16.f32", "s_3x20x24_run-7.f32", "s_7.f32", "s_8x8x8.npy");
  }

  @Test
  void demoShowsWhatBecameOfAField() throws IOException {
    Run demo = run("demo", "--size", "64", "--dir", path("demo")).expectDone();
    assertThat(demo.text())
        .contains("1  synth", "2  compress", "3  decompress", "4  verify", "demo.html")
        .containsPattern("CR +\\d+\\.\\d")
        .containsPattern("PSNR +\\d+\\.\\d\\d dB")
        .contains("cosmo-q1");
    String page = Files.readString(folder.resolve("demo/demo.html"));
    assertThat(page).contains("<html", "Gas temperature, 64x64x64", "PSNR", "<img");
    String original = path("demo/temperature_64x64x64.f32");
    Run verified = run("verify", original, path("demo/temperature.tsr")).expectDone();
    String psnr = verified.text().lines().filter(l -> l.contains("PSNR")).findFirst().get();
    assertThat(demo.text()).contains(psnr.strip().replaceAll(".* ([0-9.]+ dB)", "$1"));
    run("decompress", path("demo/temperature.tsr"), path("again.f32")).expectDone();
    assertThat(bytes("again.f32")).isEqualTo(bytes("demo/restored_64x64x64.f32"));
  }

  @Test
  void aDemoThatCannotBeginLeavesNothing() throws IOException {
    run("demo", "--size", "3", "--dir", path("demo")).expectError(2, "16 to 640");
    run("demo", "--size", "16", "-m", "nope", "--dir", path("demo"))
        .expectError(2, "there is no model 'nope'");
    Files.writeString(folder.resolve("file"), "not a folder");
    run("demo", "--size", "16", "--dir", path("file")).expectError(2, "is a file, not a folder");
    assertThat(names()).containsExactly("file");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dark_matter_density",
        "baryon_density",
        "temperature",
        "velocity_x",
        "velocity_y",
        "VELOCITY_Z"
      })
  void synthRepeatsItself(String quantity) throws IOException {
    for (String out : new String[] {"a.f32", "b.f32"}) {
      run("synth", path(out), "--size", "16", "--seed", "7", "--quantity", quantity).expectDone();
    }
    run("synth", path("c.npy"), "--size", "16", "--seed", "8", "--quantity", quantity).expectDone();
    assertThat(bytes("a.f32")).hasSize(4 * 16 * 16 * 16).isEqualTo(bytes("b.f32"));
    byte[] other = bytes("c.npy");
    assertThat(java.util.Arrays.copyOfRange(other, other.length - 4 * 4096, other.length))
        .isNotEqualTo(bytes("a.f32"));
  }

  @Test
  void synthRefusesWhatItCannotMake() throws IOException {
    run("synth", path("a.f32"), "--size", "0").expectError(2, "16 to 640");
    run("synth", path("a.f32"), "--size", "big").expectError(2, "'big' is not an int");
    run("synth", path("a.f32"), "--quantity", "mood").expectError(2, "expected one of");
    run("synth", path("no/a.f32"), "--size", "16").expectError(2, "the folder of");
    assertThat(names()).isEmpty();
  }

  @Test
  void synthMakesOtherFamilies() throws IOException {
    run("synth", path("a.f32"), "--family", "sky", "--shape", "3x20x24", "--seed", "2")
        .expectDone();
    run("synth", path("b.f32"), "--family", "sky", "--size", "16").expectDone();
    assertThat(bytes("a.f32")).hasSize(4 * 3 * 20 * 24);
    assertThat(bytes("b.f32")).hasSize(4 * 16 * 16 * 16);
    run("synth", path("c.f32"), "--family", "sky", "--shape", "20x24").expectError(2, "three axes");
    run("synth", path("c.f32"), "--family", "weather").expectError(2, "expected one of");
    run("synth", path("c.f32"), "--size", "16", "--varied").expectDone();
    run("synth", path("d.f32"), "--size", "16").expectDone();
    assertThat(bytes("c.f32")).isNotEqualTo(bytes("d.f32"));
  }

  @Test
  void aTrainingSetIsAFolderWithAManifest() throws IOException {
    run("synth", path("set"), "--set", "cosmo", "--count", "2", "--size", "16").expectDone();
    String[] lines = Files.readString(folder.resolve("set/manifest.tsv")).split("\n");
    assertThat(lines).hasSize(1 + 8);
    for (int i = 1; i < lines.length; i++) {
      assertThat(folder.resolve("set").resolve(lines[i].split("\t")[0])).hasSize(4 * 16 * 16 * 16);
    }
    run("synth", path("set"), "--set", "cosmo").expectError(2, "is not empty");
    run("synth", path("set"), "--set", "cosmo", "--quantity", "temperature")
        .expectError(2, "mutually exclusive");
    run("synth", path("other"), "--set", "moods").expectError(2, "expected one of");
    run("synth", path("other"), "--set", "cosmo", "--count", "0").expectError(2, "at least one");
    assertThat(names()).containsExactly("set");
  }
}
