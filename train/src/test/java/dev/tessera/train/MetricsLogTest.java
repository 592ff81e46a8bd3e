package dev.tessera.train;

import static org.assertj.core.api.Assertions.assertThat;

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
    try (MetricsLog log = new MetricsLog(file, 0)) {
      log.add(entry(Kind.TRAINING, 50));
      log.add(entry(Kind.VALIDATION, 60));
      log.add(entry(Kind.TRAINING, 100));
    }
    Files.writeString(file, "{\"kind\":\"trai", StandardOpenOption.APPEND);

    try (MetricsLog log = new MetricsLog(file, 70)) {
      assertThat(log.entries())
          .containsExactly(entry(Kind.TRAINING, 50), entry(Kind.VALIDATION, 60));
    }
    assertThat(file).hasFileName("m.metrics.jsonl");
    assertThat(Files.readAllLines(file))
        .hasSize(2)
        .first()
        .asString()
        .contains("\"step\":50", "\"psnr\":40.0", "\"loss\":0.02");
    try (MetricsLog log = new MetricsLog(file, 0)) {
      assertThat(log.entries()).isEmpty();
    }
    assertThat(file).isEmptyFile();
  }
}
