package dev.tessera.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import dev.tessera.train.MetricsLog.Entry;
import dev.tessera.train.MetricsLog.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
  private static Entry entry(Kind kind, long step) {
    return new Entry(kind, step, step * 0.5, new Losses(1.0 / step, 0.1, 1e-4), 1e-4);
  }

  @Test
  void aResumedTrainingReplacesWhatItDoesAgain(@TempDir Path folder) throws IOException {
    Path file = MetricsLog.beside(folder.resolve("m.safetensors"));
    try (MetricsLog log = new MetricsLog(file)) {
      log.add(entry(Kind.TRAINING, 50));
      log.add(entry(Kind.VALIDATION, 60));
      log.add(entry(Kind.TRAINING, 100));
    }
    Files.writeString(
        file,
        "{\"kind\":{}}\n{\"kind\":\"training\",\"step\":\"x\"}\n5\n{\"kind\":\"trai",
        StandardOpenOption.APPEND);

    try (MetricsLog log = new MetricsLog(file)) {
      log.goOnAfter(70);
      assertThat(log.entries())
          .containsExactly(entry(Kind.TRAINING, 50), entry(Kind.VALIDATION, 60));
    }
    assertThat(file).hasFileName("m.metrics.jsonl");
    assertThat(Files.readAllLines(file))
        .hasSize(2)
        .first()
        .asString()
        .contains("\"step\":50", "\"psnr\":40.0", "\"loss\":0.02");
  }

  @Test
  void whatALogHeldStaysUntilAnotherTrainingHasSomethingToSay(@TempDir Path folder)
      throws IOException {
    Path file = folder.resolve("m.metrics.jsonl");
    try (MetricsLog log = new MetricsLog(file)) {
      log.add(entry(Kind.TRAINING, 50));
      log.add(entry(Kind.TRAINING, 100));
    }
    try (MetricsLog log = new MetricsLog(file)) {
      assertThat(log.entries()).isEmpty();
    }
    assertThat(Files.readAllLines(file)).hasSize(2);
    try (MetricsLog log = new MetricsLog(file)) {
      log.add(entry(Kind.VALIDATION, 7));
    }
    assertThat(Files.readAllLines(file)).hasSize(1).first().asString().contains("\"step\":7");
  }

  /** Another program, which a lock of this one must stop: what reading the log must not undo. */
  public static final class Other {
    public static void main(String[] arguments) throws IOException {
      try (MetricsLog log = new MetricsLog(Path.of(arguments[0]))) {
        log.add(entry(Kind.TRAINING, 1));
      } catch (TesseraException.Invalid e) {
        System.exit(7);
      }
    }
  }

  private static int other(Path file) throws IOException, InterruptedException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Other.class.getName(),
            file.toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  @Test
  void oneProgramAtATimeAlsoWhereATrainingGoesOn(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("m.metrics.jsonl");
    try (MetricsLog log = new MetricsLog(file)) {
      log.add(entry(Kind.TRAINING, 50));
    }
    try (MetricsLog log = new MetricsLog(file)) {
      log.goOnAfter(50);
      assertThat(other(file)).isEqualTo(7);
      assertThat(log.entries()).hasSize(1);
    }
    assertThat(Files.readAllLines(file)).hasSize(1).first().asString().contains("\"step\":50");
    assertThat(other(file)).isZero();
    assertThat(Files.readAllLines(file)).hasSize(1).first().asString().contains("\"step\":1,");
  }

  @Test
  void oneTrainingAtATime(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("m.metrics.jsonl");
    try (MetricsLog log = new MetricsLog(file)) {
      assertThatThrownBy(() -> new MetricsLog(file))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("another training is writing " + file);
    }
    assertThat(file).doesNotExist();
  }
}
