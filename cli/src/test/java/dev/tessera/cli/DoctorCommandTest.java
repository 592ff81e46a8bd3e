package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.Test;

class DoctorCommandTest extends CommandTest {
  @Test
  void theMachineIsDescribed() {
    Run done = run("doctor").expectDone();

    assertThat(done.text())
        .contains("processor", "memory", "Java", "nyx-factorized", "NVIDIA driver", "kernel cache")
        .containsAnyOf("CUDA can be used here.", "Tessera runs on the CPU here.");
  }

  @Test
  void findingsAreJsonToo() {
    JsonObject report = run("doctor", "--json").expectDone().json();

    assertThat(report.getAsJsonObject("machine").get("models").getAsString())
        .contains("nyx-factorized");
    assertThat(report.getAsJsonArray("findings"))
        .hasSizeGreaterThan(3)
        .allSatisfy(finding ->
            assertThat(finding.getAsJsonObject().get("status").getAsString())
                .isIn("found", "absent", "problem"));
  }
}
