package dev.tessera.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.field.DataType;
import dev.tessera.io.FieldFuzzing.Seed;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged .npy files. */
final class NpyFuzz {
  static Stream<Arguments> seeds() {
    return FieldFuzzing.seeds(".npy", List.of("c_be_i4.npy", "c_le_f4.npy", "bool.npy", "half_be.npy", "scalar.npy", "version2.npy", "version3.npy", "structured.npy"), new Seed(DataType.INT64, 2, 3, 4));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void read(byte[] data) {
    FieldFuzzing.read(data, ".npy");
  }
}
