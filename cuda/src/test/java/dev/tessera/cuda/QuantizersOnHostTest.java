package dev.tessera.cuda;

import dev.tessera.field.DataType;
import dev.tessera.pipeline.ChunkCoder;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.PipelineSpec;
import dev.tessera.pipeline.QuantizationFit;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.OptionalLong;
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
 * The quantizers of the kernels, compiled by a C++ compiler of this machine, against those of core:
 * the same symbols, the same restored bits. Checks as well that the host fills the kernels'
 * structures as they read them.
 */
class QuantizersOnHostTest {
  private static final int SLICES = 9;
  private static final int ROW = 4096;
  private static final int HEAD = 4;
  private static final String[] NORMALIZERS = {
    "log10",
    "log1p",
    "asinh",
    "asinh:0.07",
    "asinh:1e-30",
    "minmax:slice",
    "meanstd:slice",
    "meanstd:field",
    "log10,minmax:slice",
    "log1p,meanstd:slice",
    "asinh:3,log1p,log1p,meanstd:field",
    "log1p,asinh:2,log1p,asinh:3,log1p,log1p,log1p,log1p,log1p,asinh,log1p,log1p,log1p,log1p,log1p,"
        + "minmax:slice",
  };

  @TempDir static Path folder;
  private static boolean compiled;

  @BeforeAll
  static void compile() throws IOException, InterruptedException {
    compiled = compile(0) && compile(1);
  }

  private static boolean compile(int normalized) throws IOException, InterruptedException {
    return HostCompiler.compile(
        "pipeline_quantizer.cuh",
        "quantizer_host.cpp",
        "-DNORMALIZED=" + normalized,
        folder.resolve("quantizers" + normalized));
  }

  static Stream<Arguments> normalizers() {
    return Stream.of(NORMALIZERS)
        .flatMap(n -> Stream.of(DataType.values()).map(type -> Arguments.of(n, type)));
  }

  @ParameterizedTest
  @MethodSource("normalizers")
  void normalized(String normalizer, DataType type) throws Exception {
    MemorySegment field = field(type, 1);
    compare(normalizer + ",eb=rel:1e-3", field, type, OptionalLong.empty());
    if (type.isFloat()) {
      compare(normalizer + ",eb=abs:1e-6", field, type, OptionalLong.empty());
    }
    long fill = type.getBits(field, 2 * ROW + 77);
    compare(normalizer + ",eb=rel:1e-2", field, type, OptionalLong.of(fill));
  }

  /** Limits beyond 2^1000, where sums are taken on quarters. */
  @Test
  void limitsOfAllSizes() throws Exception {
    for (double size : new double[] {0x1p1017, 0x1p998, 1e-290, 0x1p-1050}) {
      for (String normalizer : NORMALIZERS) {
        compare(
            normalizer + ",eb=rel:1e-4",
            field(DataType.FLOAT64, size),
            DataType.FLOAT64,
            OptionalLong.empty());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void without(DataType type) throws Exception {
    for (String quantizer :
        new String[] {
          "eb=rel:1e-3", "eb=abs:2", "eb=pwrel:1e-2", "round", "minmax:8,reference-eb=0.8"
        }) {
      compare(quantizer, field(type, 1), type, OptionalLong.empty());
      compare(quantizer, field(type, 1), type, OptionalLong.of(type.bitsOf(3)));
    }
  }

  static Stream<DataType> types() {
    return Stream.of(DataType.values());
  }

  /**
   * Slices that differ: of one value, of none that counts, of values of every size, and strange
   * ones.
   */
  private static MemorySegment field(DataType type, double size) {
    SplittableRandom random = new SplittableRandom(20261128);
    MemorySegment field = MemorySegment.ofArray(new long[SLICES * ROW * type.bytes() / 8]);
    double amplitude = type.isFloat() ? 3 * size : Math.min(1e9, type.max() * 0.7);
    for (int s = 0; s < SLICES; s++) {
      for (int i = 0; i < ROW; i++) {
        double value = amplitude * (0.2 + s * 0.05 + 0.4 * random.nextDouble());
        value = s == 2 ? amplitude / 2 : s == 4 ? value * (random.nextInt(3) - 1) : value;
        value = s == 5 ? amplitude * Math.exp(random.nextDouble(-40, 0)) : value;
        type.setBits(field, (long) s * ROW + i, type.bitsOf(value));
        if (s == 3 && type.isFloat()) {
          type.setBits(field, (long) s * ROW + i, type.bitsOf(Double.NaN));
        } else if (s > 5 && random.nextInt(s == 8 ? 3 : 50) == 0) {
          type.setBits(field, (long) s * ROW + i, random.nextLong());
        }
      }
    }
    return field;
  }

  private static Normalizer fit(NormalizerSpec spec, DataType type, MemorySegment field) {
    if (spec.stages().isEmpty()) {
      return null;
    }
    Normalizer.Fit fit = spec.fit(type, SLICES);
    double[] row = new double[ROW];
    // strange values of the last slices are to be outside of the limits
    for (int s = 0; s < 6; s++) {
      type.read(field, (long) s * ROW, row, ROW);
      int kept = 0;
      for (double value : row) {
        if (Double.isFinite(value) && fit.inDomain(value)) {
          row[kept++] = value;
        }
      }
      fit.accept(s, row, kept);
    }
    for (int s = 6; s < SLICES - 1; s++) {
      type.read(field, 0, row, ROW);
      fit.accept(s, row, ROW);
    }
    return fit.finish();
  }

  private static void compare(String stages, MemorySegment field, DataType type, OptionalLong fill)
      throws Exception {
    Assumptions.assumeTrue(compiled, "no C++ compiler: the quantizers of kernels are not checked");
    PipelineSpec spec = PipelineSpec.parse(stages + ",none,raw");
    Normalizer normalizer = fit(spec.appliedNormalizer(), type, field);
    QuantizationFit fit = new QuantizationFit(spec, type, normalizer);
    fill.ifPresent(fit::exclude);
    for (int s = 0; s < 6; s++) {
      fit.accept(field, (long) s * ROW, ROW, s);
    }
    ChunkFormat format =
        new ChunkFormat(type, normalizer, fit.finish(), spec.predictor(), spec.encoder(), fill);
    int[] given = givenSymbols();
    ByteBuffer found = run(format, field, given);
    for (int s = 0; s < SLICES; s++) {
      compareSlice(
          format,
          field.asSlice((long) s * ROW * type.bytes(), (long) ROW * type.bytes()),
          s,
          given,
          found,
          stages + " of " + type);
    }
  }

  private static int[] givenSymbols() {
    SplittableRandom random = new SplittableRandom(7);
    int[] given = new int[ROW];
    for (int i = 0; i < ROW; i++) {
      given[i] = random.nextInt() >> random.nextInt(32);
    }
    return given;
  }

  private static void compareSlice(
      ChunkFormat format,
      MemorySegment row,
      int slice,
      int[] given,
      ByteBuffer found,
      String what) {
    DataType type = format.type();
    ChunkCoder coder = new ChunkCoder(format);
    coder.encode(row, 1, 1, ROW, slice);
    ByteBuffer chunk = ByteBuffer.wrap(coder.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    MemorySegment restored = MemorySegment.ofArray(new long[ROW * type.bytes() / 8]);
    coder.decode(MemorySegment.ofArray(chunk.array()), 1, 1, ROW, slice, restored);
    BitSet exact = exactPlaces(chunk.slice(HEAD + 4 * ROW, chunk.limit() - HEAD - 4 * ROW));
    MemorySegment ofGiven = MemorySegment.ofArray(new long[ROW * type.bytes() / 8]);
    coder.decode(MemorySegment.ofArray(rawChunk(given)), 1, 1, ROW, slice, ofGiven);
    for (int i = 0; i < ROW; i++) {
      String where = "%s, slice %d, value %d".formatted(what, slice, i);
      boolean coded = found.getInt() != 0;
      int symbol = found.getInt();
      long bits = found.getLong();
      if (coded == exact.get(i)) {
        throw new AssertionError(where + ": coded is " + coded);
      }
      int u = chunk.getInt(HEAD + 4 * i);
      if (coded && (symbol != (u >>> 1 ^ -(u & 1)) || bits != type.getBits(restored, i))) {
        throw new AssertionError(where + " has symbol " + symbol + " and comes back as " + bits);
      }
      if (found.getLong() != type.getBits(ofGiven, i)) {
        throw new AssertionError(where + " of symbol " + given[i] + " comes back otherwise");
      }
    }
  }

  /** A chunk of given symbols and no exact values. */
  private static byte[] rawChunk(int[] symbols) {
    ByteBuffer chunk =
        ByteBuffer.allocate(HEAD + 4 * symbols.length + 1).order(ByteOrder.LITTLE_ENDIAN).putInt(0);
    for (int symbol : symbols) {
      chunk.putInt(symbol << 1 ^ symbol >> 31);
    }
    return chunk.array();
  }

  /** The exact list of a chunk of one block. */
  private static BitSet exactPlaces(ByteBuffer list) {
    BitSet places = new BitSet(ROW);
    if (varint(list) == 0) {
      return places;
    }
    varint(list); // the block
    int place = -1;
    for (int left = varint(list); left > 0; left--) {
      place += varint(list) + 1;
      places.set(place);
    }
    return places;
  }

  private static int varint(ByteBuffer in) {
    int value = 0;
    for (int shift = 0; ; shift += 7) {
      int next = in.get();
      value |= (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  /** What the compiled quantizers make of a field's values and of the symbols, slice by slice. */
  private static ByteBuffer run(ChunkFormat format, MemorySegment field, int[] given)
      throws Exception {
    DataType type = format.type();
    CudaPipelineGeometry geometry = CudaPipelineGeometry.field(SLICES, 1, ROW, SLICES, 1, ROW);
    boolean mapped = CudaPlaneMaps.needed(format);
    byte[] table = new byte[mapped ? (int) CudaPlaneMaps.bytes(geometry) : 0];
    if (mapped) {
      MemorySegment maps = MemorySegment.ofArray(new double[table.length / Double.BYTES]);
      CudaPlaneMaps.put(maps, 0, format.normalizer(), 0, SLICES);
      MemorySegment.ofArray(table).copyFrom(maps);
    }
    byte[] parameters =
        new CudaPipelineParameters(format)
            .of(
                geometry,
                1,
                new DeviceBuffer(256, field.byteSize()),
                new DeviceBuffer(256, table.length),
                0)
            .toArray(ValueLayout.JAVA_BYTE);
    ByteBuffer in =
        ByteBuffer.allocate(parameters.length + table.length + 8 + SLICES * ROW * 16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(parameters)
            .putInt(mapped ? SLICES : 0)
            .put(table)
            .putInt(SLICES * ROW);
    for (int i = 0; i < SLICES * ROW; i++) {
      in.putInt(i / ROW).putInt(given[i % ROW]).putLong(type.getBits(field, i));
    }
    int normalized = format.normalizer() == null ? 0 : 1;
    byte[] out = HostCompiler.run(folder.resolve("quantizers" + normalized), in.array());
    return ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN);
  }
}
