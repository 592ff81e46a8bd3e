package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReproductionTest {
  @TempDir Path folder;

  private ReproduceOptions options(String... parts) throws IOException {
    Path latents = folder.resolve("a_2x192x1x1.i8");
    Files.write(latents, new byte[2 * 192]);
    return new ReproduceOptions(
        folder.resolve("out"),
        List.of(parts),
        List.of("cpu"),
        "nyx-factorized",
        List.of(latents),
        16,
        2,
        1_000_000,
        1,
        null);
  }

  private static RunInfo info(Map<String, Map<String, String>> devices) {
    return new RunInfo(
        "tessera bench reproduce",
        "1",
        Instant.EPOCH,
        Map.of("cpu", "a CPU", "cores", "2"),
        devices);
  }

  @Test
  void everythingThatRunsStandsInTheFolder() throws IOException {
    List<String> told = new ArrayList<>();
    String page =
        new Reproduction(
                options("pipeline", "e2e", "copy", "rans"), ReproductionTest::info, told::add)
            .run();

    assertThat(told).containsSubsequence("== copy", "== rans", "== e2e", "== pipeline");
    Path out = folder.resolve("out");
    assertThat(out.resolve("summary.md")).hasContent(page);
    assertThat(page)
        .contains("# Tables of CompressAI-Science, measured again")
        .contains("| From tiles to streams and back | not run: it runs on a GPU")
        .contains("[rans.txt](rans.txt), [rans.json](rans.json), [rans-a.svg](rans-a.svg)")
        .contains("![rans-a.svg](rans-a.svg)")
        .contains("P = 192, compact, cpu, 1 thread")
        .contains("eb=rel:1e-4,lorenzo3,rans, cpu");
    for (String part : List.of("copy", "rans", "pipeline")) {
      assertThat(out.resolve(part + ".txt")).isNotEmptyFile();
      JsonObject json =
          JsonParser.parseString(Files.readString(out.resolve(part + ".json"))).getAsJsonObject();
      assertThat(json.getAsJsonArray("results")).isNotEmpty();
    }
    assertThat(out.resolve("e2e.txt")).doesNotExist();
    JsonObject summary =
        JsonParser.parseString(Files.readString(out.resolve("summary.json"))).getAsJsonObject();
    assertThat(summary.getAsJsonArray("parts")).hasSize(4);
  }

  @Test
  void nothingAtAllIsAFailure() throws IOException {
    Reproduction onlyGpu = new Reproduction(options("e2e"), ReproductionTest::info, _ -> {});

    assertThatThrownBy(onlyGpu::run)
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessage("nothing could be measured: it runs on a GPU, which --device leaves out");
    assertThat(folder.resolve("out").resolve("summary.md")).exists();
  }

  @Test
  void unknownPartsAreRefused() {
    assertThatThrownBy(() -> options("copy", "train"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessage("there is no part 'train': name copy, rans, e2e, pipeline");
    refuse("name at least one part", List.of(), "cpu", 16, 1, 1, 0);
  }

  @Test
  void numbersAndDevicesAreCheckedBeforeAnythingRuns() {
    List<String> copy = List.of("copy");
    refuse("there is no device 'tpu': name cpu, cuda, auto", copy, "tpu", 16, 1, 1, 0);
    refuse("fields have at least 16 points along each side, not 7", copy, "cpu", 7, 1, 1, 0);
    refuse("a batch has at least one tile, not 0", copy, "cpu", 16, 0, 1, 0);
    refuse("at least one byte is copied, not -5", copy, "cpu", 16, 1, -5, 0);
    refuse("a figure is timed at least once, not -3 times", copy, "cpu", 16, 1, 1, -3);
  }

  private void refuse(
      String message,
      List<String> parts,
      String device,
      int fields,
      int tiles,
      long copyBytes,
      int runs) {
    List<String> devices = List.of(device);
    assertThatThrownBy(() ->
            new ReproduceOptions(
                folder, parts, devices, "", List.of(), fields, tiles, copyBytes, runs, null))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessage(message);
  }

  @Test
  void publishedFiguresAreConverted() {
    Published ans = Published.of("e2e/fp16/rans:64").getFirst();

    assertThat(ans.encode()).isCloseTo(12.03, within(0.005));
    assertThat(ans.decode()).isCloseTo(9.23, within(0.005));
    assertThat(Published.REFERENCE_PSNR_SHIFT).isCloseTo(6.02, within(0.001));
    assertThat(Published.of("pipeline/velocity_x/rel:1e-4")).hasSize(1);
    assertThat(Published.of("pipeline/velocity_x/rel:1e-5")).isEmpty();
  }

  @Test
  void figuresStandBesidePublishedOnes() {
    Comparison row = new Comparison("e2e/fp8/rans:64", "fp8, rans:64", 132, 128.4, 292.35, 26.353);
    ReproducePart part =
        new ReproducePart(
            "e2e", "Way", List.of("e2e.txt"), List.of(row), List.of("A note."), Optional.empty());
    ReproduceSummary summary =
        new ReproduceSummary(
            info(Map.of("cuda", Map.of("device", "a GPU"))),
            Map.of("nvcomp", "5.1.0"),
            List.of(part, ReproducePart.failed("copy", "Copies", "no | memory")));

    assertThat(summary.markdown())
        .contains("a GPU; a CPU, 2 cores")
        .contains("A note.")
        .contains(
            "| fp8, rans:64 | 132 | 128 | 292.35 | 26.35 | 20.33 | CompressAI-Science, H100,"
                + " published: 13.9 / 7.73 |")
        .contains("| Copies | not run: no \\| memory |")
        .contains("| cuda: device | a GPU |", "| nvcomp | 5.1.0 |");
    assertThat(summary.toJson().toString())
        .contains("\"psnr_db_as_the_reference_prints_it\":20.33", "\"not_run\":\"no | memory\"");
  }
}
