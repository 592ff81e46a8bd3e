package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.tessera.field.DataType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands on files that pipelines make. */
final class PipelineCommandTest extends CommandTest {
  @Test
  void withoutModelOrPipelineAThousandthOfTheRangeIsKept() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    Run packed = run("compress", field, path("a.tsr")).expectDone();
    assertThat(packed.text()).contains("CR", "pipeline eb=rel:1e-3,", "PSNR", "max error", "held");
    assertThat(packed.errors()).isEmpty();
    JsonObject found = run("verify", field, path("a.tsr"), "--json").expectDone().json();
    JsonObject bound = found.getAsJsonObject("bound");
    assertThat(bound.get("held").getAsBoolean()).isTrue();
    assertThat(bound.get("values").getAsLong()).isEqualTo(6 * 40 * 50);
    double range = found.get("max").getAsDouble() - found.get("min").getAsDouble();
    assertThat(found.get("max_error").getAsDouble())
        .isEqualTo(bound.get("largest").getAsDouble())
        .isBetween(0.0005 * range, 0.001 * range);
    assertThat(run("verify", field, path("a.tsr")).expectDone().text())
        .contains("held for all 12000 values");
  }

  @ParameterizedTest
  @CsvSource({
    "--bound, 1e-2, eb=rel:0.01",
    "--bound, rel:1e-4, eb=rel:1e-4",
    "--bound, ABS:0.5, eb=abs:0.5",
    "--bound, pwrel:0.05, eb=pwrel:0.05",
    "--pipeline, 'log10,eb=abs:0.01,lorenzo2,rans:8', 'log10,eb=abs:0.01,lorenzo2,rans:8'",
    "--pipeline, 'minmax,eb=1e-3,lorenzo3,bitpack', 'minmax,eb=rel:1e-3,lorenzo3,bitpack'",
    "--pipeline, 'minmax:8,reference-eb=0.8,none,zstd', 'minmax:8,reference-eb=0.8,none,zstd'",
    "--pipeline, 'ROUND,none,raw', 'round,none,raw'"
  })
  void whatWasAskedStandsInTheFile(String option, String asked, String stands) throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    run("compress", field, path("a.tsr"), option, asked).expectDone();
    JsonObject info = run("info", path("a.tsr"), "--json").expectDone().json();
    assertThat(info.getAsJsonObject("pipeline").get("text").getAsString()).startsWith(stands);
    assertThat(info.get("model").isJsonNull()).isTrue();
    run("decompress", path("a.tsr"), path("b.npy")).expectDone();
    assertThat(values(path("b.npy"))).hasSize(6 * 40 * 50);
    run("verify", field, path("a.tsr")).expectDone();
  }

  @Test
  void fieldsOfOneFileGetNamesOfTheirOwn() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    run("compress", field, path("a.tsr")).expectDone();
    run("decompress", path("a.tsr"), path("run.h5:/group/rho")).expectDone();
    run("decompress", path("a.tsr"), path("run.nc:rho")).expectDone();
    run("compress", path("run.h5:/group/rho")).expectDone();
    run("compress", path("run.nc:rho")).expectDone();
    assertThat(names()).contains("run.h5.group-rho.tsr", "run.nc.rho.tsr");
    run("compress", path("run.nc:nope")).expectError(2, "nope");
  }

  @Test
  void aFillValueThatWasNotStatedIsSuspected() throws IOException {
    int values = 4096;
    MemorySegment sea = MemorySegment.ofArray(new byte[4 * values]);
    for (int i = 0; i < values; i++) {
      sea.set(DataType.LE_FLOAT, 4L * i, i % 3 == 0 ? 1e20f : 280 + i % 17);
    }
    Files.write(
        Path.of(path("sea_64x64.f32")), sea.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
    Run silent = run("compress", path("sea_64x64.f32"), path("a.tsr")).expectDone();
    assertThat(silent.errors()).contains("one within the bound", "--fill");
    Run stated =
        run("compress", path("sea_64x64.f32"), path("a.tsr"), "--fill", "1e20").expectDone();
    assertThat(stated.errors()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"info", "doctor", "models"})
  void outputThatIsLostIsAnError(String command) throws IOException {
    run("compress", waves(DataType.FLOAT32, 6, 40, 50), path("a.tsr")).expectDone();
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("no space left");
          }
        };
    String[] args =
        command.equals("info") ? new String[] {command, path("a.tsr")} : new String[] {command};
    run(new byte[0], full, new ByteArrayOutputStream(), args)
        .expectError(1, "standard output took only a part");
  }

  @Test
  void infoSaysTheStagesInWords() throws IOException {
    String field = waves(DataType.FLOAT64, 6, 40, 50);
    run("compress", field, path("a.tsr"), "--pipeline", "eb=abs:0.25,lorenzo2,bitpack")
        .expectDone();
    assertThat(run("info", path("a.tsr")).expectDone().text())
        .contains(
            "eb=abs:0.25: error at most 0.250000",
            "lorenzo2: differences along rows and columns",
            "bitpack: one width for every 32 integers",
            "chunks",
            "1 of 6x48x64")
        .doesNotContain("model", "profile");
    JsonObject info = run("info", path("a.tsr"), "--json", "--streams").json();
    JsonObject sizes = info.getAsJsonObject("bytes");
    long parts =
        sizes.entrySet().stream()
            .filter(entry -> !entry.getKey().equals("total"))
            .mapToLong(entry -> entry.getValue().getAsLong())
            .sum();
    assertThat(parts).isEqualTo(Files.size(Path.of(path("a.tsr"))));
    assertThat(info.getAsJsonArray("streams")).hasSize(1);
    assertThat(info.getAsJsonObject("pipeline").get("bound").getAsDouble()).isEqualTo(0.25);
  }

  @ParameterizedTest
  @ValueSource(strings = {"u8", "i16", "i32", "i64", "f32", "f64"})
  void aPartAndAllTypesComeBack(String code) throws IOException {
    String field = waves(DataType.parse(code), 6, 40, 50);
    run("compress", field, path("a.tsr"), "--bound", "abs:1", "--tile", "16x32").expectDone();
    run("decompress", path("a.tsr"), path("all.npy")).expectDone();
    double[] was = values(field);
    double[] all = values(path("all.npy"));
    for (int i = 0; i < was.length; i++) {
      assertThat(Math.abs(all[i] - was[i])).isLessThanOrEqualTo(1);
    }
    run(
            "decompress",
            path("a.tsr"),
            path("part.npy"),
            "--slice",
            "2:5",
            "--rows",
            "10:39",
            "--cols",
            "7:50")
        .expectDone();
    double[] part = values(path("part.npy"));
    assertThat(part).hasSize(3 * 29 * 43);
    for (int i = 0; i < part.length; i++) {
      int at = ((2 + i / (29 * 43)) * 40 + 10 + i / 43 % 29) * 50 + 7 + i % 43;
      assertThat(part[i]).isEqualTo(all[at]);
    }
  }

  @Test
  void datasetsAndPipesWorkAsWell() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    run("compress", field, path("a.tsr")).expectDone();
    run("decompress", path("a.tsr"), path("back.h5:/group/waves")).expectDone();
    run("compress", path("back.h5:/group/waves"), path("b.tsr"), "--bound", "1e-2").expectDone();
    assertThat(run("info", path("b.tsr")).text()).contains("6x40x50");

    byte[] raw = Files.readAllBytes(Path.of(field));
    Run packed = run(raw, "compress", "-", "-", "--shape", "6x40x50", "--dtype", "f32");
    assertThat(packed.expectDone().output()).isEqualTo(bytes("a.tsr"));
    Run restored = run(packed.output(), "decompress", "-", "-").expectDone();
    run("decompress", path("a.tsr"), path("back_6x40x50.f32")).expectDone();
    assertThat(restored.output()).isEqualTo(bytes("back_6x40x50.f32"));
  }

  @Test
  void fillValuesAreKept() throws IOException {
    Path field = Path.of(waves(DataType.FLOAT32, 3, 40, 50));
    byte[] raw = Files.readAllBytes(field);
    for (int i = 700; i < 900; i++) {
      DataType.FLOAT32.set(MemorySegment.ofArray(raw), i, -9999);
    }
    Files.write(field, raw);
    Run packed = run("compress", field.toString(), path("a.tsr"), "--fill", "-9999").expectDone();
    assertThat(packed.text()).contains("200 special values kept exactly", "held for all 5800");
    run("decompress", path("a.tsr"), path("back.npy")).expectDone();
    double[] back = values(path("back.npy"));
    for (int i = 0; i < back.length; i++) {
      assertThat(back[i] == -9999).as("value %d", i).isEqualTo(i >= 700 && i < 900);
    }
  }

  /** Another original than the one that was compressed: a bound that is not kept is an error. */
  @Test
  void aBoundThatIsMissedIsAnError() throws IOException {
    Path field = Path.of(waves(DataType.FLOAT32, 3, 40, 50));
    run("compress", field.toString(), path("a.tsr"), "--bound", "abs:0.01").expectDone();
    byte[] raw = Files.readAllBytes(field);
    DataType.FLOAT32.set(MemorySegment.ofArray(raw), 77, 100);
    Files.write(field, raw);
    Run verified = run("verify", field.toString(), path("a.tsr"));
    assertThat(verified.code()).isEqualTo(1);
    assertThat(verified.text()).contains("missed by 1 of 6000 values");
    assertThat(verified.errors())
        .startsWith("tessera: the bound 0.0100000 missed by 1 of 6000 values, largest 9");
  }

  @Test
  void latentsGoThroughAPipeline() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    String[] compress = {
      "compress",
      field,
      path("a.tsr"),
      "-m",
      FACTORIZED,
      "--embed-model",
      "--normalizer",
      "minmax",
      "--latent-pipeline",
      "minmax:8,reference-eb=0.8,bitpack"
    };
    assertThat(run(compress).expectDone().text())
        .contains("model weights  pipeline minmax:8,reference-eb=0.8,none,bitpack");
    assertThat(run("info", path("a.tsr")).expectDone().text())
        .contains("bmshj2018-factorized", "latents, by the range of each tile", "tiles");
    run("decompress", path("a.tsr"), path("b.npy")).expectDone();
    JsonObject found = run("verify", field, path("a.tsr"), "--json").expectDone().json();
    assertThat(found.get("psnr").getAsDouble()).isGreaterThan(10);
    assertThat(found.has("bound")).isFalse();
  }

  @Test
  void threadsAndBatchesDoNotChangeTheFile() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 140, 50);
    run("compress", field, path("a.tsr"), "--tile", "16", "--threads", "1").expectDone();
    run("compress", field, path("b.tsr"), "--tile", "16", "--threads", "4", "--batch", "3")
        .expectDone();
    assertThat(bytes("b.tsr")).isEqualTo(bytes("a.tsr"));
  }

  @ParameterizedTest
  @CsvSource({
    "--normalizer, log10, '--normalizer belongs to a model: name one with --model'",
    "-P, 8, '-P belongs to a model'",
    "--profile, compact, '--profile belongs to a model'",
    "--latent-pipeline, 'round,bitpack', 'name one with --model'",
    "--overlap, 8, 'chunks of a pipeline do not overlap'",
    "--bound, 0, 'must be a positive number'",
    "--bound, -1, 'must be a positive number'",
    "--bound, much, '--bound takes a number such as 1e-3'",
    "--bound, '1e-3,rans', '--bound takes a number such as 1e-3'",
    "--bound, 7, 'must be a share between'",
    "--pipeline, squeeze, '''squeeze'' has no quantizer'",
    "--pipeline, 'eb=1e-3,squeeze', '''squeeze'' is neither a predictor nor an encoder'",
    "--pipeline, 'squeeze,eb=1e-3', '''squeeze'' is no normalizer stage'",
    "--pipeline, 'eb=1e-3,rans:0', 'rans:0 must have'",
    "--device, abacus, 'there is no device ''abacus'''",
    "--tile, 100, 'multiples of 16'"
  })
  void whatMakesNoSenseIsRefused(String option, String value, String message) throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    run("compress", field, path("a.tsr"), option, value).expectError(2, message);
    assertThat(names()).hasSize(1);
  }

  @Test
  void modelAndPipelineExcludeEachOther() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    String[] packed = {"compress", field, path("a.tsr"), "-m", FACTORIZED};
    expectRefusal(packed, "--pipeline", "eb=1e-3", "--pipeline works without a model");
    expectRefusal(packed, "--bound", "1e-3", "a model keeps no bound");
    expectRefusal(
        packed, "--latent-pipeline", "eb=pwrel:1e-3", "latents are small where nothing is");
    run("compress", field, path("a.tsr"), "--bound", "1e-3", "--pipeline", "round")
        .expectError(2, "--bound and --pipeline exclude each other");
    run("compress", field, path("a.tsr"), "--embed-model").expectError(2, "belongs to a model");
    assertThat(names()).hasSize(1);
  }

  private static void expectRefusal(String[] first, String option, String value, String message) {
    String[] all = java.util.Arrays.copyOf(first, first.length + 2);
    all[first.length] = option;
    all[first.length + 1] = value;
    run(all).expectError(2, message);
  }

  @Test
  void whatOnlyAGpuHasIsSaidSo() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    run(
            "compress",
            field,
            path("a.tsr"),
            "--pipeline",
            "minmax:8,reference-eb=0.8,bitcomp",
            "--device",
            "cpu")
        .expectError(1, "bitcomp needs a CUDA device and libnvcomp.so.5: use bitpack");
    assertThat(names()).hasSize(1);
  }

  @Test
  void aFileWithoutAModelNeedsNone() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    run("compress", field, path("a.tsr")).expectDone();
    String said = "the file was made without a model: leave out --model";
    run("decompress", path("a.tsr"), path("b.npy"), "-m", FACTORIZED).expectError(2, said);
    run("verify", field, path("a.tsr"), "-m", FACTORIZED).expectError(2, said);
    run("info", path("a.tsr"), "-m", FACTORIZED).expectError(2, said);
  }

  @Test
  void aDamagedChunkIsRefused() throws IOException {
    run("compress", waves(DataType.FLOAT32, 6, 40, 50), path("a.tsr")).expectDone();
    byte[] bytes = bytes("a.tsr");
    bytes[bytes.length / 2] ^= 4;
    Files.write(folder.resolve("b.tsr"), bytes);
    run("decompress", path("b.tsr"), path("b.npy")).expectError(1, "does not match its checksum");
    run("decompress", path("b.tsr"), "-").expectError(1, "does not match its checksum");
    assertThat(names()).hasSize(3).doesNotContain("b.npy");
  }
}
