package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.tessera.field.DataType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code tessera eval} from files to table, JSON and picture. */
final class EvalCommandTest extends CommandTest {
  private JsonObject json(String name) throws IOException {
    return JsonParser.parseString(new String(bytes(name), StandardCharsets.UTF_8))
        .getAsJsonObject();
  }

  private static JsonObject curve(JsonObject json, int index) {
    return json.getAsJsonArray("curves").get(index).getAsJsonObject();
  }

  @Test
  void measuresWhatCompressAndVerifyMeasure() throws IOException {
    String field = waves(DataType.FLOAT32, 3, 64, 64);
    Run run =
        run(
            "eval",
            "--model",
            "nyx-factorized",
            "--normalizer",
            "log10,minmax:slice",
            "--data",
            field,
            "--device",
            "cpu",
            "--json",
            path("rd.json"),
            "--svg",
            path("rd.svg"),
            "-q");
    run.expectDone();
    assertThat(run.text()).isEmpty();
    run(
            "compress",
            field,
            path("f.tsr"),
            "-m",
            "nyx-factorized",
            "--device",
            "cpu",
            "--normalizer",
            "log10,minmax:slice")
        .expectDone();
    JsonObject verified = run("verify", field, path("f.tsr"), "--json").expectDone().json();

    JsonObject results = curve(json("rd.json"), 0).getAsJsonObject("results");

    assertThat(results.getAsJsonArray("bytes").get(0).getAsLong())
        .isEqualTo(Files.size(Path.of(path("f.tsr"))))
        .isEqualTo(verified.get("compressed_bytes").getAsLong());
    for (String name : new String[] {"psnr", "rmse", "nrmse"}) {
      assertThat(results.getAsJsonArray(name).get(0).getAsDouble())
          .isCloseTo(verified.get(name).getAsDouble(), within(1e-9));
    }
    assertThat(results.getAsJsonArray("bpp-streams").get(0).getAsDouble())
        .isPositive()
        .isLessThan(results.getAsJsonArray("bpp").get(0).getAsDouble());
    // the normalizer takes logarithms, so errors are those of logarithms, too
    assertThat(results.getAsJsonArray("psnr-log10").get(0).getAsDouble()).isBetween(10.0, 80.0);
    assertThat(results.getAsJsonArray("ssim").get(0).getAsDouble()).isBetween(0.3, 1.0);
    assertThat(new String(bytes("rd.svg"), StandardCharsets.UTF_8)).contains("PSNR of log10");
  }

  @Test
  void comparesPipelinesModelsAndPoints() throws IOException {
    String one = waves(DataType.FLOAT32, 3, 32, 48);
    String other = waves(DataType.FLOAT32, 2, 32, 48);
    Files.writeString(
        Path.of(path("peer.csv")),
        """
        field,label,bits_per_value,psnr_linear
        waves,loose,0.5,35
        waves,tight,6,80
        """);

    Run run =
        run(
            "eval",
            "--pipeline",
            "eb=rel:1e-2",
            "--pipeline",
            "eb=rel:1e-3",
            "--pipeline",
            "eb=rel:1e-4",
            "--model",
            FACTORIZED,
            "--normalizer",
            "minmax:slice",
            "--curve",
            "mine=" + FACTORIZED,
            "--data",
            one,
            other,
            "--points",
            path("peer.csv"),
            "--anchor",
            "eb=rel",
            "--device",
            "cpu",
            "--json",
            path("rd.json"));
    run.expectDone();

    JsonObject json = json("rd.json");
    assertThat(curve(json, 0).get("name").getAsString()).isEqualTo("mine");
    JsonObject pipelines = curve(json, 1);
    assertThat(pipelines.get("name").getAsString()).isEqualTo("eb=rel");
    assertThat(pipelines.getAsJsonArray("labels"))
        .hasToString("[\"eb=rel:1e-2\",\"eb=rel:1e-3\",\"eb=rel:1e-4\"]");
    assertThat(pipelines.getAsJsonObject("results").has("psnr-log10")).isFalse();
    JsonArray fields = pipelines.getAsJsonArray("fields");
    // both files are called waves: the second goes by what was typed
    assertThat(fields.get(0).getAsJsonObject().get("field").getAsString()).isEqualTo("waves");
    assertThat(fields.get(1).getAsJsonObject().get("field").getAsString()).isEqualTo(other);
    JsonArray psnr = pipelines.getAsJsonObject("results").getAsJsonArray("psnr");
    assertThat(psnr.get(2).getAsDouble() - psnr.get(1).getAsDouble()).isBetween(17.0, 23.0);
    assertThat(run.text()).contains("against eb=rel:").containsPattern("peer +waves +linear +[+-]");
    Run again =
        run(
            "eval",
            "--pipeline",
            "eb=rel:1e-3",
            "--data",
            one,
            "--points",
            path("rd.json"),
            "--points",
            path("peer.csv"),
            "--anchor",
            "peer",
            "--device",
            "cpu");
    assertThat(again.expectDone().text())
        .containsPattern("mine +waves +linear +[+-]")
        .containsPattern("eb=rel +waves +linear +[+-]");
  }

  @Test
  void refusesInOneSentence() throws IOException {
    String field = waves(DataType.FLOAT32, 2, 16, 16);

    run("eval", "--data", field)
        .expectError(2, "name what to evaluate, with --model or --pipeline");
    run("eval", "--pipeline", "eb=rel:1e-2").expectError(2, "--data");
    run("eval", "--model", "nowhere", "--data", field).expectError(2, "nowhere");
    run("eval", "--pipeline", "eb=rel:1e-2", "--data", path("none.f32"))
        .expectError(2, "there is no file");
    run("eval", "--pipeline", "eb=rel:1e-2", "--data", field, field).expectError(2, "named twice");
    run("eval", "-m", "nyx-factorized,nyx-factorized", "--data", field)
        .expectError(2, "'nyx-factorized' is named twice");
    run("eval", "--pipeline", "bitpack", "--pipeline", "bitpack", "--data", field)
        .expectError(2, "'bitpack' is named twice");
    run("eval", "--pipeline", "eb=rel:1e-2", "--data", field, "--anchor", "sz3")
        .expectError(2, "no curve is called 'sz3': there are eb=rel");
    run("eval", "--pipeline", "eb=rel:1e-2", "--data", field, "--domain", "ln")
        .expectError(2, "'ln' is no domain");
    run(
            "eval",
            "-m",
            "nyx-factorized",
            "--data",
            field,
            "--normalizer",
            "minmax",
            "--normalizer",
            "range",
            "--normalizer",
            "none")
        .expectError(2, "--data names 1 field, --normalizer is given 3 times");
    run("eval", "-m", "nyx-factorized", "--data", field, "--curve", "a=b")
        .expectError(2, "names 'b', which is not among the models");
    run("eval", "-m", "nyx-factorized", "--data", field, "--curve", "cosmo")
        .expectError(2, "--curve takes a name and its models");
    run("eval", "--pipeline", "eb=rel:1e-2", "--data", field, "--points", path("none.csv"))
        .expectError(2, "does not exist");
    run("eval", "--pipeline", "eb=rel:1e-2", "--data", field, "--up-to", "NaN")
        .expectError(2, "--up-to takes a PSNR above 0 dB");
    Files.writeString(
        folder.resolve("p.csv"), "curve,field,bytes,psnr_linear\neb=rel,waves,9,30\n");
    run("eval", "--pipeline", "eb=rel:1e-2", "--data", field, "--points", path("p.csv"))
        .expectError(2, "p.csv' has a curve 'eb=rel', and so has what is measured here");
    Files.delete(folder.resolve("p.csv"));
    run("eval", "--pipeline", "eb=rel:1e-2", "--data", field, "--json", path("no/rd.json"))
        .expectError(2, "the folder of", "does not exist");
    assertThat(names()).containsExactly("waves_2x16x16.f32");
  }

  @Test
  void whatIsReadIsNotReplaced() throws IOException {
    String field = waves(DataType.FLOAT32, 2, 16, 16);
    Files.copy(Path.of(FACTORIZED), folder.resolve("m.safetensors"));
    Files.writeString(
        folder.resolve("p.csv"), "field,bytes,psnr_linear\nwaves,9,30\nwaves,20,40\n");
    String[] eval = {
      "eval",
      "--model",
      path("m.safetensors"),
      "--data",
      field,
      "--points",
      path("p.csv"),
      "--device",
      "cpu"
    };
    for (String read : new String[] {field, path("m.safetensors"), path("p.csv")}) {
      byte[] before = Files.readAllBytes(Path.of(read));
      for (String option : new String[] {"--json", "--svg"}) {
        run(with(eval, option, folder + "/./" + Path.of(read).getFileName()))
            .expectError(2, "is the file that is read");
        assertThat(Path.of(read)).hasBinaryContent(before);
      }
    }
    run(with(eval, "--json", path("q"), "--svg", folder + "/./q"))
        .expectError(2, "is to be written twice");
    assertThat(names()).hasSize(3);
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.concat(Stream.of(arguments), Stream.of(more)).toArray(String[]::new);
  }

  @Test
  void namesFieldsAsPeopleDo() {
    assertThat(FieldNames.of("box/rho_128x128x128.f32")).isEqualTo("rho");
    assertThat(FieldNames.of("s1_rho_48x128x128.f32")).isEqualTo("s1_rho");
    assertThat(FieldNames.of("run.h5:/native_fields/density")).isEqualTo("run:density");
    assertThat(FieldNames.of("climate.nc:tas")).isEqualTo("climate:tas");
    assertThat(FieldNames.of("v.npy")).isEqualTo("v");
  }
}
