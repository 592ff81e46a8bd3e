package dev.tessera.cuda.backend;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.GpuTests;
import dev.tessera.cuda.SelfTest;
import dev.tessera.model.Model;
import java.io.IOException;
import java.nio.file.Path;
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
    return BackendChecks.all().stream()
        .map((SelfTest.Check check) ->
            DynamicTest.dynamicTest(check.name(), () -> check.run(context)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bmshj2018-factorized", "bmshj2018-hyperprior", "mbt2018-mean"})
  void goldenModelsAgreeWithTheCpu(String architecture) throws IOException {
    GpuTests.contextOrSkip().close();
    Path checkpoint = Path.of("..", "testdata", "golden", architecture, "checkpoint.pth.tar");
    BackendChecks.model(Model.read(checkpoint));
  }
}
