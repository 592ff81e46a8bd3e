package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.EncoderSpec;
import dev.tessera.pipeline.PipelineSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole fields through pipelines and back. */
final class ChunkCodecTest {
  private static final CodecOptions SMALL_TILES = CodecOptions.DEFAULTS.withTile(32, 48);

  private static Codec open(String pipeline, CodecOptions options) {
    return Codec.open(PipelineSpec.parse(pipeline), options);
  }

  private static Codec open(String pipeline) {
    return open(pipeline, CodecOptions.DEFAULTS);
  }

  private static byte[] compress(Codec codec, Field field) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(codec.compress(field, out)).isEqualTo(out.size());
    return out.toByteArray();
  }

  private static ContainerReader reader(byte[] container) {
    return ContainerReader.of(MemorySegment.ofArray(container));
  }

  private static Field decompress(Codec codec, byte[] container) throws IOException {
    ContainerReader reader = reader(container);
    codec.check(reader);
    Field restored = Field.allocate(reader.header().field());
    codec.decompress(reader, restored);
    return restored;
  }

  private static byte[] bytes(Field field) {
    return field.data().toArray(ValueLayout.JAVA_BYTE);
  }

  /** The largest error, in exact arithmetic. */
  private static BigDecimal largestError(Field was, Field is) {
    BigDecimal largest = BigDecimal.ZERO;
    for (long i = 0; i < was.info().shape().elements(); i++) {
      if (Double.isFinite(was.get(i))) {
        largest = largest.max(exact(was, i).subtract(exact(is, i)).abs());
      }
    }
    return largest;
  }

  private static BigDecimal exact(Field field, long i) {
    return field.info().type() == DataType.INT64
        ? BigDecimal.valueOf(DataType.INT64.getBits(field.data(), i))
        : new BigDecimal(field.get(i));
  }

  @ParameterizedTest
  @CsvSource({
    "'', 1",
    "1, 1",
    "7, 1",
    "5000, 105",
    "3x4, 1",
    "1x9, 1",
    "9x1, 1",
    "63x65, 4",
    "70x200, 15",
    "2x1x1, 1",
    "3x50x60, 12",
    "9x33x49, 4",
    "2x3x20x17, 6",
    "2x1x3x9x40, 6"
  })
  void everyShapeComesBackWithinTheBound(String dims, long chunks) throws IOException {
    Shape shape = dims.isEmpty() ? Shape.of() : Shape.parse(dims);
    Field field = TestFields.smooth(DataType.FLOAT32, 1, shape.dims());
    for (String pipeline : new String[] {"eb=abs:0.01", "eb=rel:1e-3,lorenzo3,bitpack"}) {
      try (Codec codec = open(pipeline, SMALL_TILES)) {
        byte[] container = compress(codec, field);
        assertThat(reader(container).header().grid().count()).isEqualTo(chunks);
        Field restored = decompress(codec, container);
        assertThat(restored.info()).isEqualTo(field.info());
        double bound = pipeline.startsWith("eb=abs") ? 0.01 : 1e-3 * 2.4;
        assertThat(largestError(field, restored)).isLessThanOrEqualTo(new BigDecimal(bound));
        assertThat(codec.verify(field, reader(container)).bound().get().held()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void everyTypeKeepsItsBound(DataType type) throws IOException {
    Field field = TestFields.smooth(type, 2, 5, 70, 50);
    for (String encoder : new String[] {"bitpack", "rans:2", "zstd", "raw", "best"}) {
      for (double bound : type.isFloat() ? new double[] {0.003} : new double[] {0, 1, 300}) {
        // a bound below 1 leaves integers as they are
        String asked = bound == 0 ? "0.25" : Double.toString(bound);
        try (Codec codec = open("eb=abs:" + asked + "," + encoder)) {
          Field restored = decompress(codec, compress(codec, field));
          assertThat(restored.info()).isEqualTo(field.info());
          assertThat(largestError(field, restored)).isLessThanOrEqualTo(new BigDecimal(bound));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "eb=pwrel:1e-2",
        "eb=pwrel:1e-5,lorenzo1,bitpack",
        "log10,eb=abs:0.01",
        "log10,meanstd:slice,eb=abs:0.01,lorenzo2,bitpack",
        "asinh:0.1,minmax:slice,eb=rel:1e-3",
        "minmax:field,eb=rel:1e-3",
        "round",
        "round,none,raw"
      })
  void everyPromiseIsKept(String pipeline) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 3, 6, 40, 70);
    for (int i = 0; i < 6 * 40 * 70; i++) {
      DataType.FLOAT32.set(field.data(), i, Math.exp(4 * field.get(i)));
    }
    try (Codec codec = open(pipeline, SMALL_TILES)) {
      byte[] container = compress(codec, field);
      Field restored = decompress(codec, container);
      BoundReport report = codec.verify(field, reader(container)).bound().get();
      assertThat(report.held()).isTrue();
      assertThat(report.values()).isEqualTo(6 * 40 * 70);
      assertThat(report.largest()).isLessThanOrEqualTo(report.bound()).isPositive();
      for (int i = 0; i < 6 * 40 * 70; i++) {
        double x = field.get(i);
        double y = restored.get(i);
        if (pipeline.contains("pwrel")) {
          assertThat(Math.abs(x - y) / x)
              .isLessThanOrEqualTo(pipeline.contains("1e-2") ? 1e-2 : 1e-5);
        } else if (pipeline.equals("log10,eb=abs:0.01")) {
          assertThat(Math.abs(Math.log10(x) - Math.log10(y))).isLessThan(0.01 + 1e-9);
        } else if (pipeline.startsWith("round")) {
          assertThat(y).isEqualTo(Math.rint(x));
        }
      }
    }
  }

  @Test
  void theReferencesQuantizerPromisesNothing() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 4, 3, 64, 64);
    try (Codec codec = open("minmax:8,reference-eb=0.8,lorenzo3,bitpack")) {
      byte[] container = compress(codec, field);
      assertThat(codec.verify(field, reader(container)).bound()).isEmpty();
      // 256 levels in steps of 1.6
      double range = codec.verify(field, reader(container)).total().range();
      assertThat(largestError(field, decompress(codec, container)).doubleValue())
          .isBetween(0.5 * range * 0.8 / 256, 1.01 * range * 0.8 / 256);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"eb=rel:1e-3", "log10,eb=abs:0.01", "eb=pwrel:1e-2,lorenzo1,bitpack"})
  void specialValuesAreExactWithEveryPayload(String pipeline) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 5, 4, 80, 70);
    MemorySegment data = field.data();
    Random random = new Random(6);
    int values = 4 * 80 * 70;
    for (int i = 0; i < values; i++) {
      DataType.FLOAT32.set(data, i, 3 + field.get(i));
    }
    for (int i = 0; i < 2000; i++) {
      int bits =
          switch (i % 5) {
            case 0 -> 0x7f800000;
            case 1 -> 0xff800000;
            case 2 -> 0x7fc00000;
            case 3 -> 0xffc00000 | i % 300; // more patterns of NaN than the dictionary holds
            default -> Float.floatToRawIntBits(3.25f);
          };
      data.set(DataType.LE_INT, 4L * random.nextInt(values), bits);
    }
    // a plane without any value, rows without any
    for (int i = 0; i < 80 * 70 + 700; i++) {
      data.set(DataType.LE_INT, 4L * (2 * 80 * 70 + i), 0x7fc00000);
    }
    Field withFill = new Field(field.info().withFill(3.25), data);
    try (Codec codec = open(pipeline, SMALL_TILES)) {
      byte[] container = compress(codec, withFill);
      Field restored = decompress(codec, container);
      Codec.Verification verification = codec.verify(withFill, reader(container));
      assertThat(verification.total().specialsChanged()).isZero();
      assertThat(verification.total().specials()).isGreaterThan(7000);
      assertThat(verification.bound().get().held()).isTrue();
      for (int i = 0; i < values; i++) {
        int was = data.get(DataType.LE_INT, 4L * i);
        int is = restored.data().get(DataType.LE_INT, 4L * i);
        boolean special = !Float.isFinite(Float.intBitsToFloat(was)) || was == 0x40500000;
        assertThat(is == was || !special).as("value %d", i).isTrue();
        // no other value looks like a missing one
        assertThat(is != 0x40500000 || was == 0x40500000).as("value %d", i).isTrue();
      }
      // stand-ins cost little: not half of what the special values take by themselves
      assertThat(container.length).isLessThan(4 * values / 2);
    }
  }

  @Test
  void aMaskedMapCostsHardlyMoreThanItsValues() throws IOException {
    Field open = TestFields.smooth(DataType.FLOAT32, 7, 8, 64, 64);
    Field masked = new Field(open.info().withFill(-9999), MemorySegment.ofArray(bytes(open)));
    for (int i = 0; i < 8 * 64 * 64; i++) {
      int x = i % 64;
      int y = i / 64 % 64;
      if ((x - 20) * (x - 20) + (y - 30) * (y - 30) < 300) {
        DataType.FLOAT32.set(masked.data(), i, -9999);
      }
    }
    try (Codec codec = open("eb=rel:1e-3,lorenzo2,bitpack")) {
      int plain = compress(codec, open).length;
      byte[] container = compress(codec, masked);
      assertThat(container.length).isLessThan(plain);
      assertThat(codec.verify(masked, reader(container)).total().specialsChanged()).isZero();
    }
  }

  @Test
  void nothingButSpecialValuesComesBack() throws IOException {
    Field none = Field.of(new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NaN}, 3);
    Field zeros = Field.of(new double[2000], 20, 100);
    Field constant = Field.allocate(FieldInfo.of("", DataType.INT64, Shape.of(9, 9, 9)));
    for (int i = 0; i < 729; i++) {
      DataType.INT64.setBits(constant.data(), i, Long.MIN_VALUE);
    }
    for (String pipeline : new String[] {"eb=rel:1e-3", "eb=abs:2,none,raw", "eb=pwrel:1e-3"}) {
      try (Codec codec = open(pipeline)) {
        for (Field field : new Field[] {none, zeros, constant}) {
          Field restored = decompress(codec, compress(codec, field));
          if (field == constant && pipeline.contains("pwrel")) {
            assertThat(largestError(field, restored).doubleValue()).isLessThan(1e-3 * 0x1p63);
          } else {
            assertThat(bytes(restored)).isEqualTo(bytes(field));
          }
        }
      }
    }
  }

  @Test
  void aSelectionEqualsThatPartOfTheWhole() throws IOException {
    Field field = TestFields.smooth(DataType.INT16, 8, 3, 7, 100, 90);
    for (int i = 0; i < 999; i++) {
      DataType.INT16.set(field.data(), i * 37L, -77);
    }
    Field withFill = new Field(field.info().withFill(-77), field.data());
    for (int axis = 0; axis < 2; axis++) {
      CodecOptions options = SMALL_TILES.withGroupAxis(axis);
      try (Codec codec = open("eb=abs:20", options)) {
        byte[] container = compress(codec, withFill);
        Field whole = decompress(codec, container);
        Random random = new Random(9);
        for (int trial = 0; trial < 20; trial++) {
          int s = random.nextInt(21);
          int r = random.nextInt(100);
          int c = random.nextInt(90);
          Selection selection =
              new Selection(
                  s,
                  1 + random.nextInt(21 - s),
                  r,
                  1 + random.nextInt(100 - r),
                  c,
                  1 + random.nextInt(90 - c));
          ContainerReader reader = reader(container);
          Field part = Field.allocate(selection.of(reader.header().field()));
          codec.decompress(reader, selection, part);
          for (long z = 0; z < selection.slices(); z++) {
            for (long y = 0; y < selection.rows(); y++) {
              for (long x = 0; x < selection.cols(); x++) {
                long at = ((s + z) * 100 + r + y) * 90 + c + x;
                assertThat(part.get((z * selection.rows() + y) * selection.cols() + x))
                    .isEqualTo(whole.get(at));
              }
            }
          }
        }
        assertThatThrownBy(
                () -> codec.decompress(reader(container), new Selection(20, 2, 0, 1, 0, 1), whole))
            .isInstanceOf(TesseraException.Invalid.class);
      }
    }
  }

  @Test
  void threadsAndBatchesDoNotChangeTheFile() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT64, 10, 20, 90, 100);
    for (int i = 0; i < 3000; i++) {
      DataType.FLOAT64.set(field.data(), 40 * i, Double.NaN);
    }
    for (String pipeline : new String[] {"eb=rel:1e-4", "asinh,minmax:slice,eb=abs:1e-3,bitpack"}) {
      byte[] expected = null;
      for (int[] work : new int[][] {{1, 1, 1}, {2, 0, 0}, {16, 5, 3}, {3, 100, 2}}) {
        CodecOptions options = SMALL_TILES.withWork(work[0], work[1], work[2]);
        try (Codec codec = open(pipeline, options)) {
          byte[] container = compress(codec, field);
          expected = expected == null ? container : expected;
          assertThat(container).isEqualTo(expected);
          assertThat(codec.verify(field, reader(container)).bound().get().held()).isTrue();
        }
      }
    }
  }

  @Test
  void whatIsLeftOpenIsSettledInTheFile() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 11, 6, 64, 64);
    try (Codec codec = open("eb=rel:1e-3")) {
      byte[] container = compress(codec, field);
      PipelineSpec spec = Codec.pipeline(reader(container).header()).get();
      assertThat(spec.isResolved()).isTrue();
      assertThat(spec.quantizer()).isEqualTo(PipelineSpec.parse("eb=1e-3").quantizer());
      // no named pipeline is better by more than the sample's share of luck
      for (String other : new String[] {"none,bitpack", "lorenzo1,bitpack", "lorenzo3,rans"}) {
        try (Codec named = open("eb=rel:1e-3," + other)) {
          assertThat(container.length).isLessThanOrEqualTo(compress(named, field).length * 21 / 20);
        }
      }
    }
  }

  @Test
  void aCodecOfAnyPipelineRestoresFilesOfOthers() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 12, 70, 70);
    byte[] container;
    try (Codec codec = open("eb=abs:0.02,lorenzo1,zstd")) {
      container = compress(codec, field);
    }
    try (Codec codec = open("round,none,raw");
        Codec learned =
            Codec.open(
                TestFields.model("bmshj2018-factorized"),
                CodecOptions.DEFAULTS.withNormalizer("minmax:slice"));
        Codec byHeader =
            Codec.open(
                reader(container).header(), java.util.Optional.empty(), CodecOptions.DEFAULTS)) {
      byte[] expected = bytes(decompress(codec, container));
      assertThat(bytes(decompress(learned, container))).isEqualTo(expected);
      assertThat(bytes(decompress(byHeader, container))).isEqualTo(expected);
      byte[] tiles = compress(learned, field);
      assertThatThrownBy(() -> decompress(codec, tiles))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("made with model");
      assertThatThrownBy(() -> codec.tileFormat(reader(container)))
          .isInstanceOf(TesseraException.Invalid.class);
    }
  }

  @Test
  void whatDoesNotSuitIsRefused() {
    Field field = TestFields.smooth(DataType.FLOAT32, 13, 4, 5, 64, 64);
    refused("eb=rel:1e-3", CodecOptions.DEFAULTS.withOverlap(4), field, "do not overlap");
    refused("eb=rel:1e-3", CodecOptions.DEFAULTS.withGroupAxis(2), field, "the group axis");
    refused(
        "eb=rel:1e-3", CodecOptions.DEFAULTS.withNormalizer("log10"), field, "into the pipeline");
    refused("eb=pwrel:1e-9", CodecOptions.DEFAULTS, field, "finer than f32 values resolve");
    refused("log10,eb=abs:0.1", CodecOptions.DEFAULTS, field, "'log10' cannot take");
    refused(
        "minmax:slice,eb=abs:0.1",
        CodecOptions.DEFAULTS.withGroupAxis(0),
        field,
        "planes of a chunk lie along axis 1");
    refused("eb=rel:1e-3", CodecOptions.DEFAULTS.withDevice("abacus"), field, "no device 'abacus'");
    for (String gpu : new String[] {"bitcomp", "ans"}) {
      assertThatThrownBy(
              () -> {
                try (Codec codec = open("eb=rel:1e-3," + gpu)) {
                  compress(codec, field);
                }
              })
          .isInstanceOf(TesseraException.Unsupported.class)
          .hasMessageContaining("needs a CUDA device and libnvcomp.so.5: use bitpack");
    }
  }

  private static void refused(String pipeline, CodecOptions options, Field field, String message) {
    assertThatThrownBy(
            () -> {
              try (Codec codec = open(pipeline, options)) {
                compress(codec, field);
              }
            })
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(message);
  }

  /** A million values take one chunk, and a chunk hardly anything besides its values. */
  @Test
  void aSmallFileIsAlmostAllValues() throws IOException {
    Field field = TestFields.smooth(DataType.UINT8, 14, 40, 50);
    try (Codec codec = open("eb=abs:4,lorenzo2,bitpack")) {
      byte[] container = compress(codec, field);
      ContainerReader.Sizes sizes = reader(container).sizes(1);
      assertThat(sizes.total()).isEqualTo(container.length);
      assertThat(sizes.parameters()).isEqualTo(24);
      assertThat(sizes.total() - sizes.streams()).isLessThan(120);
    }
    Field single = TestFields.smooth(DataType.FLOAT32, 15, 1);
    try (Codec codec = open("eb=abs:4,lorenzo2,bitpack")) {
      assertThat(compress(codec, single).length).isLessThan(130);
    }
  }

  /** What cannot be made smaller is stored as it is, not larger. */
  @Test
  void noiseCostsHardlyMoreThanItself() throws IOException {
    Field field = Field.allocate(FieldInfo.of("", DataType.FLOAT64, Shape.of(50, 60)));
    Random random = new Random(16);
    for (int i = 0; i < 3000; i++) {
      field.data().setAtIndex(DataType.LE_LONG, i, random.nextLong());
    }
    for (EncoderSpec.Kind encoder :
        new EncoderSpec.Kind[] {EncoderSpec.Kind.BITPACK, EncoderSpec.Kind.RANS}) {
      try (Codec codec = open("eb=abs:1e-300," + encoder)) {
        byte[] container = compress(codec, field);
        assertThat(container.length).isLessThan(8 * 3000 + 200);
        assertThat(bytes(decompress(codec, container))).isEqualTo(bytes(field));
      }
    }
  }

  @Test
  void interruptingEndsTheCallAndLeavesNoFile(@TempDir Path folder) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 17, 30, 64, 96);
    for (Progress.Phase phase :
        new Progress.Phase[] {Progress.Phase.SCAN, Progress.Phase.COMPRESS}) {
      Progress interrupting =
          (now, done, total) -> {
            if (now == phase) {
              Thread.currentThread().interrupt();
            }
          };
      CodecOptions options = SMALL_TILES.withWork(0, 1, 2).withProgress(interrupting);
      try (Codec codec = open("eb=rel:1e-3", options)) {
        assertThatThrownBy(() -> codec.compress(field, folder.resolve("x.tsr")))
            .isInstanceOf(CancellationException.class);
        assertThat(Thread.interrupted()).isTrue();
        try (var left = Files.list(folder)) {
          assertThat(left).isEmpty();
        }
      }
    }
  }
}
