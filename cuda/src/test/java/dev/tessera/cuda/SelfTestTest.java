package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SelfTestTest {
  private CudaContext context;

  @BeforeAll
  void open() {
    if (CudaDriver.unavailable().isEmpty()) {
      context = CudaContext.open(0);
    }
  }

  @AfterAll
  void close() {
    if (context != null) {
      context.close();
    }
  }

  static List<String> names() {
    return SelfTest.CHECKS.stream()
        .flatMap(group -> group.get().stream())
        .map(SelfTest.Check::name)
        .toList();
  }

  @Test
  void checksHaveNamesOfTheirOwn() {
    assertThat(names()).doesNotHaveDuplicates().isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("names")
  void passes(String name) {
    if (context == null) {
      GpuTests.contextOrSkip();
    }
    assertThat(SelfTest.run(context, name))
        .isNotEmpty()
        .allSatisfy(outcome -> assertThat(outcome.failure()).isEmpty());
  }
}
