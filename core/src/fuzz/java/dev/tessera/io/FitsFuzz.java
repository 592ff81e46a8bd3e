package dev.tessera.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.field.DataType;
import dev.tessera.io.FieldFuzzing.Seed;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged FITS files. */
final class FitsFuzz {
  static Stream<Arguments> seeds() {
    return FieldFuzzing.seeds(".fits", List.of("several.fits", "tiled.fits.fz"), new Seed(DataType.INT16, 2, 3, 4), new Seed(DataType.UINT32, 5));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void read(byte[] data) {
    FieldFuzzing.read(data, ".fits");
  }
}
