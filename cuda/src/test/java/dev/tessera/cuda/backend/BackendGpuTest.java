package dev.tessera.cuda.backend;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.GpuTests;
import dev.tessera.cuda.SelfTest;
import dev.tessera.model.Model;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole files on the device and on the CPU. */
final class BackendGpuTest {
  @TestFactory
  Stream<DynamicTest> agreesWithTheCpu() {
    CudaContext context = GpuTests.contextOrSkip();
    return Stream.of(BackendChecks.all(), ModelChecks.all())
        .flatMap(List::stream)
        .map((SelfTest.Check check) ->
            DynamicTest.dynamicTest(check.name(), () -> check.run(context)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bmshj2018-factorized",
        "bmshj2018-factorized-relu",
        "bmshj2018-hyperprior",
        "mbt2018-mean"
      })
  void goldenModelsAgreeWithTheCpu(String architecture) throws IOException {
    GpuTests.contextOrSkip().close();
    Path checkpoint = Path.of("..", "testdata", "golden", architecture, "checkpoint.pth.tar");
    ModelChecks.model(Model.read(checkpoint));
  }
}
