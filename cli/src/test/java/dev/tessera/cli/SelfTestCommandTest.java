package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.tessera.cuda.CudaDriver;
import org.junit.jupiter.api.Test;

class SelfTestCommandTest extends CommandTest {
  @Test
  void chosenChecksRun() {
    Run done = run("selftest", "--device", "cpu", "--only", "rans com").expectDone();

    assertThat(done.text().lines()).hasSize(5).last().isEqualTo("4 passed, 0 failed");
  }

  @Test
  void withoutAGpuItSaysWhatIsMissing() {
    assumeThat(CudaDriver.unavailable()).as("a GPU is here").isPresent();

    run("selftest", "--device", "cuda").expectError(Main.DATA, "NVIDIA driver");
    assertThat(run("selftest", "--only", "rans compact").expectDone().text())
        .contains("cuda  skipped", "2 passed");
  }

  @Test
  void mistakesAreOneSentence() {
    run("selftest", "--device", "tpu").expectError(Main.USAGE, "'tpu'");
    run("selftest", "--device", "cpu", "--only", "nothing of that name")
        .expectError(Main.USAGE, "no check");
  }
}
