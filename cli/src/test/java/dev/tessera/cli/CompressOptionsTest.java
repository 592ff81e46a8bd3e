package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.tessera.field.DataType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the options of compress do to the file. */
final class CompressOptionsTest extends CommandTest {
  private JsonObject info(String... options) throws IOException {
    return run("info", container("a.tsr", options), "--json").expectDone().json();
  }

  @ParameterizedTest
  @CsvSource({"16, 16, 16", "16x32, 16, 32", "full, 48, 64", "0, 48, 64", "4096, 48, 64"})
  void tileSetsTheSidesOfATile(String tile, int height, int width) throws IOException {
    JsonObject tiles = info("--tile", tile).getAsJsonObject("tiles");
    assertThat(tiles.get("height").getAsInt()).isEqualTo(height);
    assertThat(tiles.get("width").getAsInt()).isEqualTo(width);
  }

  /** The model's latent has 24 channels. */
  @ParameterizedTest
  @CsvSource({"all, 1", "24, 1", "1000, 1", "8, 3", "5, 5", "1, 24"})
  void channelsPerStreamSetTheNumberOfStreams(String p, int streams) throws IOException {
    assertThat(info("-P", p).get("streams_per_tile").getAsInt()).isEqualTo(streams);
  }

  @Test
  void normalizerGoesIntoTheFile() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    String list = "log10,meanstd:field";
    run("compress", field, path("a.tsr"), "-m", FACTORIZED, "--normalizer", list).expectDone();
    assertThat(run("info", path("a.tsr"), "--json").json().get("normalizer").getAsString())
        .isEqualTo(list);
  }

  @Test
  void aNormalizerMayBeLeftToTheValues() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    Run run = run("compress", field, path("a.tsr"), "-m", FACTORIZED, "--normalizer", "auto");
    assertThat(run.expectDone().text()).contains("model weights  normalizer minmax:slice");
    assertThat(run("info", path("a.tsr"), "--json").json().get("normalizer").getAsString())
        .isEqualTo("minmax:slice");
  }

  @Test
  void groupAxisAndOverlapGoIntoTheFile() throws IOException {
    String field = waves(DataType.FLOAT32, 4, 5, 40, 50);
    String[] fixed = {"compress", field, path("a.tsr"), "-m", FACTORIZED, "--embed-model"};
    String[] options = {
      "--normalizer", "minmax", "--group-axis", "0", "--overlap", "6", "--tile", "32"
    };
    List<String> all = new ArrayList<>(Arrays.asList(fixed));
    all.addAll(Arrays.asList(options));
    run(all.toArray(String[]::new)).expectDone();
    JsonObject tiles = run("info", path("a.tsr"), "--json").json().getAsJsonObject("tiles");
    assertThat(tiles.get("group_axis").getAsInt()).isZero();
    assertThat(tiles.get("overlap").getAsInt()).isEqualTo(6);
    // 5 volumes of two groups, two rows of tiles (26 rows further on each), two columns
    assertThat(tiles.get("count").getAsInt()).isEqualTo(5 * 2 * 2 * 2);
    JsonObject verified = run("verify", field, path("a.tsr"), "--json").expectDone().json();
    assertThat(verified.get("psnr").getAsDouble()).isGreaterThan(10);
  }

  /** Places of the fill value come back as they were, and no other value turns into it. */
  @Test
  void fillValuesAreKept() throws IOException {
    Path field = Path.of(waves(DataType.FLOAT32, 3, 40, 50));
    byte[] raw = Files.readAllBytes(field);
    for (int i = 700; i < 900; i++) {
      DataType.FLOAT32.set(MemorySegment.ofArray(raw), i, -9999);
    }
    Files.write(field, raw);
    Run packed =
        run(
            "compress",
            field.toString(),
            path("a.tsr"),
            "-m",
            FACTORIZED,
            "--embed-model",
            "--normalizer",
            "minmax:slice",
            "--fill",
            "-9999");
    packed.expectDone();
    assertThat(packed.text()).contains("200 special values kept exactly");
    assertThat(run("info", path("a.tsr"), "--json").json().get("fill").getAsString())
        .isEqualTo("-9999.0");
    run("decompress", path("a.tsr"), path("back.npy")).expectDone();
    double[] back = values(path("back.npy"));
    for (int i = 0; i < back.length; i++) {
      assertThat(back[i] == -9999).as("value %d", i).isEqualTo(i >= 700 && i < 900);
    }
    JsonObject verified =
        run("verify", field.toString(), path("a.tsr"), "--fill", "-9999", "--json")
            .expectDone()
            .json();
    assertThat(verified.get("specials").getAsLong()).isEqualTo(200);
    assertThat(verified.get("specials_changed").getAsLong()).isZero();
  }

  @Test
  void noVerifyMeasuresNothing() throws IOException {
    String field = waves(DataType.UINT8, 40, 50);
    Run packed = run("compress", field, path("a.tsr"), "-m", FACTORIZED, "--no-verify");
    assertThat(packed.expectDone().text()).contains("CR").doesNotContain("PSNR");
    assertThat(packed.errors()).isEmpty();
    run("verify", field, path("a.tsr"), "-m", FACTORIZED).expectDone();
  }

  @Test
  void aPoorResultIsWarnedOf() throws IOException {
    String field = waves(DataType.UINT8, 40, 50);
    Run packed = run("compress", field, path("a.tsr"), "-m", FACTORIZED).expectDone();
    assertThat(packed.errors()).startsWith("tessera: warning: PSNR is below 40 dB");
  }

  @Test
  void threadsAndBatchDoNotChangeTheFile() throws IOException {
    byte[] one = Files.readAllBytes(Path.of(container("a.tsr", "--threads", "1", "--tile", "16")));
    for (String[] work :
        new String[][] {
          {"--threads", "4", "--batch", "1"},
          {"--threads", "2", "--batch", "7"},
          {"--device", "cpu"}
        }) {
      List<String> options = new ArrayList<>(Arrays.asList(work));
      options.addAll(List.of("--tile", "16"));
      String other = container("b.tsr", options.toArray(String[]::new));
      assertThat(Files.readAllBytes(Path.of(other))).isEqualTo(one);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "--tile, 100, 'multiples of 16'",
    "--tile, 64x, '--tile takes a side such as 128'",
    "--tile, -64, '--tile takes a side such as 128'",
    "--tile, 99999999, '--tile takes a side such as 128'",
    "-P, 0, '-P takes a number from 1 up, or all'",
    "-P, none, '-P takes a number from 1 up, or all'",
    "--group-axis, 1, 'the group axis of 6x40x50 is one of 0 to 0, not 1'",
    "--group-axis, -2, 'the group axis counts from 0'",
    "--overlap, 30, 'less than half of the tile''s shorter side'",
    "--overlap, -1, 'the overlap is'",
    "--overlap, many, '''many'' is not an int'",
    "--normalizer, foo, '''foo'' is no normalizer stage'",
    "--normalizer, 'minmax,minmax', 'minmax'",
    "--device, abacus, 'there is no device ''abacus'': use auto or one of cuda, cpu'",
    "--threads, -1, 'the number of threads is at least 1'",
    "--threads, 0, 'the number of threads is at least 1, not 0'",
    "--batch, 0, 'the batch is at least 1, not 0'",
    "--batch, -1, 'the batch is at least 1'",
    "--fill, empty, '--fill takes a number, such as -9999 or nan, not ''empty'''",
    "--shape, 6x40, 'give the --shape and --dtype that the data has'",
    "--shape, round, '''round'' is not a shape: write it like 48x128x128'",
    "--shape, 0x4, 'at least one value along every axis'",
    "--dtype, f31, '''f31'' is not a type'",
    "--model, nope, 'there is no model ''nope'': name a model file, or one of cosmo-q1, '",
    "--model, nope.safetensors, 'there is no model ''nope.safetensors'''",
  })
  void aBadValueIsNamed(String option, String value, String message) throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    List<String> all = new ArrayList<>(List.of("compress", field, path("a.tsr"), option, value));
    if (!option.equals("--model")) {
      all.addAll(List.of("-m", FACTORIZED));
    }
    if (!option.equals("--normalizer")) {
      all.addAll(List.of("--normalizer", "minmax"));
    }
    run(all.toArray(String[]::new)).expectError(2, message);
    assertThat(names()).hasSize(1);
  }

  @Test
  void aNormalizerThatCannotTakeTheDataIsRefused() throws IOException {
    String field = waves(DataType.FLOAT32, 6, 40, 50);
    run("compress", field, path("a.tsr"), "-m", FACTORIZED, "--normalizer", "range")
        .expectError(2, "the normalizer 'range' cannot take");
    assertThat(names()).hasSize(1);
  }
}
