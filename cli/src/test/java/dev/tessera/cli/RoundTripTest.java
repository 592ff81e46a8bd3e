package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import dev.tessera.field.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** compress, decompress, verify and info on whole files. */
final class RoundTripTest extends CommandTest {
  /** What stands in the restored file is exactly what the container decodes to, in every format. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "back_3x40x56.u8",
        "back.npy",
        "back.png",
        "back.tif",
        "back.h5",
        "back.h5:/group/waves",
        "back.nc",
        "back.fits"
      })
  void everyFormatHoldsARestoredField(String back) throws IOException {
    String original = waves(DataType.UINT8, 3, 40, 56);
    run("compress", original, path("a.tsr"), "-m", FACTORIZED, "--embed-model").expectDone();
    run("decompress", path("a.tsr"), path(back)).expectDone();

    JsonObject same = run("verify", path(back), path("a.tsr"), "--json").expectDone().json();
    assertThat(same.get("max_error").getAsDouble()).isZero();
    assertThat(same.get("psnr").isJsonNull()).isTrue();
    assertThat(same.get("values").getAsLong()).isEqualTo(3 * 40 * 56);

    run("compress", path(back), path("b.tsr"), "-m", FACTORIZED, "--embed-model").expectDone();
    JsonObject info = run("info", path("b.tsr"), "--json").expectDone().json();
    assertThat(info.get("shape").toString()).isEqualTo("[3,40,56]");
    assertThat(info.get("type").getAsString()).isEqualTo("u8");
  }

  @ParameterizedTest
  @ValueSource(strings = {"f32", "f64", "i16", "u16", "i32"})
  void verifyMeasuresWhatWasRestored(String code) throws IOException {
    DataType type =
        Arrays.stream(DataType.values()).filter(t -> t.code().equals(code)).findFirst().get();
    String original = waves(type, 4, 70, 33);
    Run packed =
        run(
            "compress",
            original,
            path("a.tsr"),
            "-m",
            MEAN_SCALE,
            "--embed-model",
            "--normalizer",
            "minmax:slice");
    packed.expectDone();
    run("decompress", path("a.tsr"), path("back.npy")).expectDone();
    double[] was = values(original);
    double[] is = values(path("back.npy"));
    double squares = 0;
    double most = 0;
    for (int i = 0; i < was.length; i++) {
      squares += (was[i] - is[i]) * (was[i] - is[i]);
      most = Math.max(most, Math.abs(was[i] - is[i]));
    }
    double rmse = Math.sqrt(squares / was.length);
    double range = Arrays.stream(was).max().getAsDouble() - Arrays.stream(was).min().getAsDouble();
    JsonObject found = run("verify", original, path("a.tsr"), "--json").expectDone().json();
    assertThat(found.get("rmse").getAsDouble()).isCloseTo(rmse, within(1e-9 * range));
    assertThat(found.get("max_error").getAsDouble()).isCloseTo(most, within(1e-9 * range));
    double psnr = 20 * Math.log10(range / rmse);
    assertThat(found.get("psnr").getAsDouble()).isCloseTo(psnr, within(1e-6));
    long size = Files.size(Path.of(path("a.tsr")));
    assertThat(found.get("compressed_bytes").getAsLong()).isEqualTo(size);
    assertThat(found.get("compression_ratio").getAsDouble())
        .isCloseTo((double) Files.size(Path.of(original)) / size, within(1e-9));
    assertThat(packed.text()).contains("PSNR " + Text.fixed(psnr, 2) + " dB");
  }

  @Test
  void verifySaysItForPeople() throws IOException {
    String container = container("a.tsr");
    String original = waves(DataType.FLOAT32, 6, 40, 50);
    Run verified = run("verify", original, container, "--per-slice").expectDone();
    assertThat(verified.text())
        .contains("CR", "bits per value", "RMSE", "NRMSE", "PSNR", "max error", "range");
    assertThat(verified.text().lines().filter(line -> line.matches("\\s+[0-5]\\s.* dB .*")))
        .hasSize(6);
    assertThat(
            run("verify", original, container, "--per-slice", "--json")
                .json()
                .getAsJsonArray("slices"))
        .hasSize(6);
  }

  @Test
  void infoTellsWhereTheBytesAre() throws IOException {
    String container = container("a.tsr");
    Run human = run("info", container).expectDone();
    assertThat(human.text())
        .contains("6x40x50", "f32", "minmax:slice", "bmshj2018-factorized", "embedded model");
    JsonObject info = run("info", container, "--json", "--streams").expectDone().json();
    assertThat(info.get("embedded_model").getAsBoolean()).isTrue();
    JsonObject sizes = info.getAsJsonObject("bytes");
    long total = sizes.get("total").getAsLong();
    assertThat(total).isEqualTo(Files.size(Path.of(container)));
    long parts =
        sizes.entrySet().stream()
            .filter(entry -> !entry.getKey().equals("total"))
            .mapToLong(entry -> entry.getValue().getAsLong())
            .sum();
    assertThat(parts).isEqualTo(total);
    assertThat(info.getAsJsonArray("streams"))
        .hasSize(info.getAsJsonObject("tiles").get("count").getAsInt());
  }

  /** A file whose model is not at hand can still be looked at. */
  @Test
  void infoDoesWithoutTheModel() throws IOException {
    String field = waves(DataType.UINT8, 40, 50);
    run("compress", field, path("a.tsr"), "-m", FACTORIZED).expectDone();
    Run human = run("info", path("a.tsr")).expectDone();
    assertThat(human.text()).contains("40x50", "(not here)");
    assertThat(human.errors()).startsWith("tessera: warning: the model with the id ");
    JsonObject json = run("info", path("a.tsr"), "--json").expectDone().json();
    assertThat(json.get("model_id").getAsString()).hasSize(32);
    assertThat(json.has("bytes")).isFalse();
  }

  @Test
  void theDefaultTargetStandsBesideTheInput() throws IOException {
    String field = waves(DataType.UINT8, 40, 50);
    run("compress", field, "-m", FACTORIZED).expectDone();
    assertThat(Files.exists(Path.of(field + ".tsr"))).isTrue();
  }

  @Test
  void anExistingFileIsReplaced() throws IOException {
    String container = container("a.tsr");
    Files.writeString(folder.resolve("back.npy"), "something else");
    run("decompress", container, path("back.npy")).expectDone();
    assertThat(values(path("back.npy"))).hasSize(6 * 40 * 50);
    assertThat(names()).hasSize(3);
  }
}
