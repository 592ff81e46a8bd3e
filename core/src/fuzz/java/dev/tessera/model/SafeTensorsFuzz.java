package dev.tessera.model;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.testing.Fuzzing;
import dev.tessera.testing.SyntheticModel;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged model files of the safetensors kind, such as containers embed. */
final class SafeTensorsFuzz {
  static Stream<Arguments> seeds() {
    return Fuzzing.seeds(
        Arrays.stream(Architecture.values())
            .map(architecture -> SyntheticModel.of(architecture, 1, 1, 1, 3))
            .flatMap(model -> Stream.of(model.toBytes(), model.decodeOnly().toBytes())));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void read(byte[] data) {
    Fuzzing.survive(() -> Model.read(data, "fuzz"));
  }
}
