package dev.tessera.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.field.DataType;
import dev.tessera.io.FieldFuzzing.Seed;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged HDF5 files. */
final class Hdf5Fuzz {
  static Stream<Arguments> seeds() {
    return FieldFuzzing.seeds(".h5", List.of("userblock.h5", "virtual.h5", "goes.nc4", "latest.h5"), new Seed(DataType.FLOAT64, 2, 3, 4));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void read(byte[] data) {
    FieldFuzzing.read(data, ".h5");
  }
}
