package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the first and the last layer do to a field's own values, compiled by a C++ compiler of this
 * machine, against core's normalizers: the same float32, the same restored bits. Checks as well
 * that the host fills the kernels' structures as they read them.
 */
class TileValuesOnHostTest {
  private static final int PLANES = 7;
  private static final int PLACES = 2048;
  private static final String[] NORMALIZERS = {
    "none",
    "range",
    "range:-3:1e5",
    "log10",
    "asinh:1e-30",
    "minmax:slice",
    "minmax:field",
    "meanstd:slice",
    "log10,minmax:slice",
    "log1p,meanstd:field",
    "asinh:3,log1p,log1p,minmax:field",
  };

  @TempDir static Path folder;
  private static boolean compiled;

  @BeforeAll
  static void compile() throws IOException, InterruptedException {
    compiled =
        HostCompiler.compile(
            "tile_values.cuh", "tile_values_host.cpp", "-O1", folder.resolve("tiles"));
  }

  static Stream<Arguments> normalizers() {
    return Stream.of(NORMALIZERS)
        .flatMap(n -> Stream.of(DataType.values()).map(type -> Arguments.of(n, type)));
  }

  @ParameterizedTest
  @MethodSource("normalizers")
  void sameBits(String normalizer, DataType type) throws Exception {
    compare(normalizer, type, 1);
  }

  /** Limits beyond 2^1000, where sums are taken on quarters, and next to zero. */
  @Test
  void limitsOfAllSizes() throws Exception {
    for (double size : new double[] {0x1p1017, 0x1p998, 1e-290, 0x1p-1050}) {
      for (String normalizer : NORMALIZERS) {
        compare(normalizer, DataType.FLOAT64, size);
      }
    }
  }

  private static void compare(String stages, DataType type, double size) throws Exception {
    Assumptions.assumeTrue(compiled, "no C++ compiler: normalizing kernels are not checked");
    NormalizerSpec spec = NormalizerSpec.parse(stages);
    Normalizer.Fit fit = spec.fit(type, PLANES);
    MemorySegment tiles = values(type, size, fit);
    double[] row = new double[PLACES];
    for (int plane = 0; plane < PLANES; plane++) {
      type.read(tiles, (long) plane * PLACES, row, PLACES);
      fit.accept(plane, row, PLACES);
    }
    Normalizer normalizer = fit.finish();
    float[] normalized = new float[PLANES * PLACES];
    float[] given = given();
    MemorySegment restored = MemorySegment.ofArray(new byte[PLANES * PLACES * type.bytes()]);
    for (int plane = 0; plane < PLANES; plane++) {
      type.read(tiles, (long) plane * PLACES, row, PLACES);
      normalizer.forward(plane, row, PLACES);
      for (int i = 0; i < PLACES; i++) {
        normalized[plane * PLACES + i] = (float) row[i];
        row[i] = given[plane * PLACES + i];
      }
      normalizer.inverse(plane, row, PLACES);
      type.write(restored, (long) plane * PLACES, row, PLACES);
    }
    int ready = 3;
    boolean hasRoom = type.bytes() >= Float.BYTES;
    ByteBuffer in = structures(type, normalizer, hasRoom ? ready : -1);
    MemorySegment sent = MemorySegment.ofArray(tiles.toArray(ValueLayout.JAVA_BYTE));
    if (hasRoom) {
      MemorySegment.copy(
          normalized,
          ready * PLACES,
          sent,
          ValueLayout.JAVA_FLOAT_UNALIGNED,
          (long) ready * PLACES * type.bytes(),
          PLACES);
    }
    ByteBuffer input =
        ByteBuffer.allocate(in.capacity() + (int) sent.byteSize() + 4 * given.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(in.array())
            .put(sent.toArray(ValueLayout.JAVA_BYTE));
    for (float value : given) {
      input.putFloat(value);
    }
    byte[] output = HostCompiler.run(folder.resolve("tiles"), input.array());
    ByteBuffer found = ByteBuffer.wrap(output).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < normalized.length; i++) {
      assertThat(Float.floatToRawIntBits(found.getFloat()))
          .as("%s of %s, value %d is %s", stages, type, i, normalized[i])
          .isEqualTo(Float.floatToRawIntBits(normalized[i]));
    }
    MemorySegment back =
        MemorySegment.ofArray(output).asSlice(4L * normalized.length, restored.byteSize());
    assertThat(back.mismatch(restored)).as("%s of %s, first other byte", stages, type).isNegative();
  }

  /** The structure and the table of planes; plane {@code ready} comes normalized. */
  private static ByteBuffer structures(DataType type, Normalizer normalizer, int ready) {
    byte[] structure =
        CudaTileValues.of(type, normalizer, new DeviceBuffer(256, 256))
            .toArray(ValueLayout.JAVA_BYTE);
    MemorySegment table =
        MemorySegment.ofArray(new long[PLANES * CudaTileValues.PLANE_BYTES / Long.BYTES]);
    for (int plane = 0; plane < PLANES; plane++) {
      CudaTileValues.put(table, plane, normalizer, plane, plane == ready);
    }
    return ByteBuffer.allocate(structure.length + 8 + (int) table.byteSize())
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(structure)
        .putInt(PLANES)
        .putInt(PLACES)
        .put(table.toArray(ValueLayout.JAVA_BYTE));
  }

  /** Values that the normalizer takes: of all sizes, and a plane of one value. */
  private static MemorySegment values(DataType type, double size, Normalizer.Fit fit) {
    SplittableRandom random = new SplittableRandom(20261129);
    MemorySegment values = MemorySegment.ofArray(new byte[PLANES * PLACES * type.bytes()]);
    double amplitude = type.isFloat() ? 3 * size : Math.min(1e9, type.max() * 0.7);
    for (int i = 0; i < PLANES * PLACES; i++) {
      int plane = i / PLACES;
      double value = amplitude * (0.2 + plane * 0.05 + 0.4 * random.nextDouble());
      value = plane == 4 ? amplitude * Math.exp(random.nextDouble(-40, 0)) : value;
      value = plane == 5 ? -value : plane == 6 ? value * (random.nextInt(3) - 1) : value;
      type.setBits(values, i, type.bitsOf(plane == 2 ? amplitude / 2 : value));
      if (plane == 1) {
        type.setBits(values, i, random.nextLong());
      }
      if (!fit.inDomain(type.get(values, i))) {
        type.set(values, i, 1);
      }
    }
    return values;
  }

  /** What networks may give: about 0 to 1, beyond it, zeros of both signs, infinities. */
  private static float[] given() {
    SplittableRandom random = new SplittableRandom(5);
    float[] given = new float[PLANES * PLACES];
    for (int i = 0; i < given.length; i++) {
      given[i] =
          switch (random.nextInt(8)) {
            case 0 -> (float) random.nextDouble(-1e4, 1e4);
            case 1 -> random.nextInt(2) == 0 ? -0f : 0f;
            case 2 -> 1;
            case 3 ->
                random.nextInt(9) == 0
                    ? Float.POSITIVE_INFINITY
                    : (float) Math.exp(random.nextDouble(-80, 80));
            default -> (float) random.nextDouble(-0.2, 1.2);
          };
    }
    return given;
  }
}
