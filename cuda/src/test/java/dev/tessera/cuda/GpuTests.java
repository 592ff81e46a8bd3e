package dev.tessera.cuda;

import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/** What tests on a GPU share. */
public final class GpuTests {
  private GpuTests() {}

  /** The first device; without one the test is skipped, with the reason. */
  public static CudaContext contextOrSkip() {
    Optional<String> reason = CudaDriver.unavailable();
    Assumptions.assumeTrue(reason.isEmpty(), () -> "no CUDA device: " + reason.orElseThrow());
    return CudaContext.open(0);
  }
}
