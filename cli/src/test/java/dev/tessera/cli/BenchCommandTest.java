package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class BenchCommandTest extends CommandTest {
  private String text(String name) throws IOException {
    return new String(bytes(name), StandardCharsets.UTF_8);
  }

  @Test
  void ransIsMeasuredAndDrawn() throws IOException {
    String json = path("rans.json");
    String svg = path("rans.svg");
    Run done =
        run(
                "bench",
                "rans",
                "--synthetic",
                "laplace:20:3",
                "--batch",
                "3",
                "-P",
                "8,192",
                "--device",
                "cpu",
                "--runs",
                "1",
                "--json",
                json,
                "--svg",
                svg)
            .expectDone();

    assertThat(done.text()).contains("laplace:20:3: 3 tiles", "cpu, 1 thread", "compatible");
    assertThat(done.errors()).contains("laplace:20:3  cpu, 1 thread  compact  P 8");
    JsonObject report = JsonParser.parseString(text("rans.json")).getAsJsonObject();
    assertThat(report.get("command").getAsString())
        .startsWith("tessera bench rans --synthetic laplace:20:3 ");
    assertThat(report.getAsJsonArray("results").size()).isGreaterThanOrEqualTo(4);
    assertThat(text("rans.svg")).contains("<svg", "P, channels per stream");
  }

  @Test
  void severalInputsHaveAChartEach() throws IOException {
    Files.write(folder.resolve("a_1x192x1x1.i8"), new byte[192]);
    Files.write(folder.resolve("b_1x192x1x1.i8"), new byte[192]);
    run(
            "bench",
            "rans",
            "-q",
            "--latents",
            path("a_1x192x1x1.i8") + "," + path("b_1x192x1x1.i8"),
            "-P",
            "64",
            "--profile",
            "compatible",
            "--device",
            "cpu",
            "--runs",
            "1",
            "--svg",
            path("c.svg"))
        .expectDone();

    assertThat(folder.resolve("c-a.svg")).exists();
    assertThat(folder.resolve("c-b.svg")).exists();
    assertThat(folder.resolve("c.svg")).doesNotExist();
  }

  @Test
  void pipelinesAreMeasured() throws IOException {
    run("synth", path("f_16x16x16.f32"), "--size", "16").expectDone();
    Run done =
        run(
                "bench",
                "pipeline",
                "-q",
                "--field",
                path("f_16x16x16.f32"),
                "--bounds",
                "rel:1e-2,pwrel:1e-2",
                "--pipelines",
                "lorenzo3,bitpack;round,none,raw",
                "--device",
                "cpu",
                "--runs",
                "1",
                "--json",
                path("p.json"),
                "--svg",
                path("p.svg"))
            .expectDone();

    assertThat(done.text())
        .contains(
            "eb=rel:0.01,lorenzo3,bitpack", "eb=pwrel:0.01,lorenzo3,bitpack", "round,none,raw")
        .contains("16x16x16 f32");
    assertThat(text("p.json")).contains("\"max_error_of_bound\"");
    assertThat(text("p.svg")).contains("Pipelines without a model");
  }

  @Test
  void copiesAreMeasured() throws IOException {
    Run done =
        run(
                "bench",
                "copy",
                "--device",
                "cpu",
                "--megabytes",
                "1",
                "--runs",
                "2",
                "--json",
                path("c.json"))
            .expectDone();

    assertThat(done.text()).contains("read + write GB/s", "1 thread", "all threads");
    assertThat(text("c.json")).contains("read_and_write_gb_per_s");
  }

  @Test
  void tablesAreReproduced() throws IOException {
    Files.write(folder.resolve("a_1x192x1x1.i8"), new byte[192]);
    Run done =
        run(
                "bench",
                "reproduce",
                "--out",
                path("all"),
                "--parts",
                "copy,rans,e2e",
                "--latents",
                path("a_1x192x1x1.i8"),
                "--device",
                "cpu",
                "--megabytes",
                "1",
                "--runs",
                "1")
            .expectDone();

    assertThat(done.text())
        .contains("`tessera bench reproduce --out ")
        .contains("[copy.txt](copy.txt)", "not run: it runs on a GPU")
        .endsWith("summary.md\n");
    assertThat(done.errors()).contains("== copy\n", "== rans\n", "== e2e\n");
    assertThat(folder.resolve("all").resolve("summary.md")).isNotEmptyFile();
    assertThat(folder.resolve("all").resolve("rans-a.svg")).isNotEmptyFile();
  }

  @Test
  void whatIsReadIsNotReplaced() throws IOException {
    Files.write(folder.resolve("a_1x192x1x1.i8"), new byte[192]);
    String symbols = path("a_1x192x1x1.i8");
    String model = path("m.safetensors");
    Files.copy(Path.of(FACTORIZED), Path.of(model));
    run("bench", "rans", "--latents", symbols, "--json", symbols)
        .expectError(Main.USAGE, "is the file that is read");
    run("bench", "pipeline", "--field", symbols, "--svg", symbols)
        .expectError(Main.USAGE, "is the file that is read");
    run("bench", "e2e", "-m", model, "--json", model)
        .expectError(Main.USAGE, "is the file that is read");
    run("bench", "copy", "--json", path("c"), "--svg", path("c"))
        .expectError(Main.USAGE, "is to be written twice");
    assertThat(bytes("a_1x192x1x1.i8")).hasSize(192);
    assertThat(names()).hasSize(2);
  }

  @Test
  void mistakesAreOneSentence() {
    run("bench").expectError(Main.USAGE, "bench rans");
    run("bench", "rans", "--device", "tpu").expectError(Main.USAGE, "'tpu'", "cuda");
    run("bench", "copy", "--device", "tpu").expectError(Main.USAGE, "'tpu'");
    run("bench", "pipeline", "--device", "tpu").expectError(Main.USAGE, "'tpu'");
    run("bench", "e2e", "--precision", "fp12").expectError(Main.USAGE, "'fp12'", "fp16");
    run("bench", "e2e", "--shape", "3x128x128").expectError(Main.USAGE, "512x3x128x128");
    run("bench", "e2e", "--batch", "0").expectError(Main.USAGE, "at least one tile");
    run("bench", "e2e", "--codec", "zip").expectError(Main.USAGE, "'zip'", "bitcomp");
    run("bench", "e2e", "--codec", "eb=rel:1e-3+bitcomp")
        .expectError(Main.USAGE, "cannot be measured on latents");
    run("bench", "e2e", "--random-model", "bmshj2018-factorized,192")
        .expectError(Main.USAGE, "ARCHITECTURE,N,M");
    run("bench", "e2e", "--peer-seconds", "0").expectError(Main.USAGE, "--peer-seconds");
    run("bench", "reproduce", "--parts", "train")
        .expectError(Main.USAGE, "'train'", "copy, rans, e2e, pipeline");
    run("bench", "rans", "--device", "cpu", "-P", "0", "--synthetic", "laplace:1:1")
        .expectError(Main.USAGE, "P is a number of channels");
    run("bench", "rans", "--device", "cpu", "--synthetic", "gauss")
        .expectError(Main.USAGE, "laplace:160:3.4");
    run("bench", "rans", "--device", "cpu", "--latents", path("no_1x1x1x1.i8"))
        .expectError(Main.USAGE, "does not exist");
    run(
            "bench",
            "pipeline",
            "--device",
            "cpu",
            "--synth",
            "16",
            "--pipelines",
            "eb=rel:1e-3,lorenzo1,bitcomp",
            "-q")
        .expectError(Main.DATA, "none of these devices");
  }
}
