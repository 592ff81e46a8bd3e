package dev.tessera.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.field.DataType;
import dev.tessera.io.FieldFuzzing.Seed;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged NetCDF-3 files. */
final class NetCdf3Fuzz {
  static Stream<Arguments> seeds() {
    return FieldFuzzing.seeds(".nc", List.of("bytes.nc", "cdf5.nc", "records.nc", "several.nc"), new Seed(DataType.FLOAT32, 2, 3, 4));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void read(byte[] data) {
    FieldFuzzing.read(data, ".nc");
  }
}
