package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CpuChecksTest {
  @Test
  void everyCheckPasses() {
    assertThat(CpuChecks.run(""))
        .hasSizeGreaterThan(7)
        .allSatisfy(outcome -> assertThat(outcome.failure()).as(outcome.name()).isEmpty());
  }

  @Test
  void checksAreChosenByName() {
    assertThat(CpuChecks.run("rans compact")).hasSize(2);
    assertThat(CpuChecks.run("no such check")).isEmpty();
  }
}
