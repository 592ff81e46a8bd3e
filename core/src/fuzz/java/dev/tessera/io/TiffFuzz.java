package dev.tessera.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.field.DataType;
import dev.tessera.io.FieldFuzzing.Seed;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged TIFF files. */
final class TiffFuzz {
  static Stream<Arguments> seeds() {
    return FieldFuzzing.seeds(".tif", List.of("big_endian_u1.tif", "big_endian_f2.tif", "chunky_rgb_u2.tif", "complex.tif", "deflate_predictor3_be_f8.tif", "imagej_u2.tif", "jpeg_u1.tif", "mask_1bit.tif", "packbits_u1.tif", "packed_12bit.tif", "planar_rgb_u1.tif", "shaped_u1.tif", "thumbnail.tif", "unequal.tif", "zstd_i2.tif", "lzw_predictor_u2.tif"), new Seed(DataType.FLOAT32, 2, 3, 4));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void read(byte[] data) {
    FieldFuzzing.read(data, ".tif");
  }
}
