package dev.tessera.cuda;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs the self-test where only the classes are: {@code java dev.tessera.cuda.SelfTestMain rans}.
 */
final class SelfTestMain {
  private SelfTestMain() {}

  /** Prints each check whose name contains the first argument, and fails if one failed. */
  public static void main(String[] arguments) {
    AtomicBoolean passed = new AtomicBoolean(true);
    try (CudaContext context = CudaContext.open(0)) {
      SelfTest.run(
          context,
          arguments.length > 0 ? arguments[0] : "",
          outcome -> {
            passed.compareAndSet(true, outcome.passed());
            System.out.printf(
                "%-60s %6.2f s  %s%n",
                outcome.name(), outcome.seconds(), outcome.passed() ? "ok" : outcome.failure());
          });
    }
    if (!passed.get()) {
      System.exit(1);
    }
  }
}
