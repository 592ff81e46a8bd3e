package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.container.ContainerReader;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Metrics;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.testing.SyntheticModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CodecTest {
  private static final Model FACTORIZED = TestFields.model("bmshj2018-factorized");
  private static final Model HYPERPRIOR = TestFields.model("bmshj2018-hyperprior");
  private static final Model MEANS = TestFields.model("mbt2018-mean");
  private static final CodecOptions MINMAX = CodecOptions.DEFAULTS.withNormalizer("minmax:slice");

  private static byte[] compress(Codec codec, Field field) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long bytes = codec.compress(field, out);
    assertThat(bytes).isEqualTo(out.size());
    return out.toByteArray();
  }

  private static ContainerReader open(byte[] container) {
    return ContainerReader.of(MemorySegment.ofArray(container));
  }

  private static Field decompress(Codec codec, byte[] container) throws IOException {
    ContainerReader reader = open(container);
    return decompress(codec, container, Selection.all(reader.header().field().shape()));
  }

  private static Field decompress(Codec codec, byte[] container, Selection selection)
      throws IOException {
    ContainerReader reader = open(container);
    Field restored = Field.allocate(selection.of(reader.header().field()));
    codec.decompress(reader, selection, restored);
    return restored;
  }

  private static byte[] bytes(Field field) {
    return field.data().toArray(ValueLayout.JAVA_BYTE);
  }

  private static Metrics compare(Field original, Field restored) {
    Metrics.Accumulator all =
        new Metrics.Accumulator(original.info().type(), original.info().fillBits());
    all.add(original.data(), restored.data(), original.info().shape().elements());
    return all.metrics();
  }

  @ParameterizedTest
  @CsvSource({
    "1x1",
    "1x7",
    "7x1",
    "63x65",
    "64x64",
    "129x130",
    "7",
    "2x1x1",
    "5x70x66",
    "2x3x2x9x8",
    "1x1x4x64x100"
  })
  void everyShapeComesBack(String dims) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 1, Shape.parse(dims).dims());
    for (Model model : new Model[] {FACTORIZED, HYPERPRIOR, MEANS}) {
      try (Codec codec = Codec.open(model, MINMAX)) {
        Field restored = decompress(codec, compress(codec, field));
        assertThat(restored.info()).isEqualTo(field.info());
        // a handful of values has next to no range of its own to compare with
        double bound = field.info().shape().elements() < 100 ? 0.5 : 0.2;
        assertThat(compare(field, restored).nrmse()).isLessThan(bound);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void everyTypeComesBackAsItWas(DataType type) throws IOException {
    Field field = TestFields.smooth(type, 2, 3, 66, 100);
    for (String normalizer :
        new String[] {
          "minmax:slice",
          "minmax:field",
          "meanstd:slice",
          "meanstd:field",
          type.isFloat() ? "asinh,minmax:slice" : "asinh:1e6,minmax:slice"
        }) {
      try (Codec codec = Codec.open(FACTORIZED, MINMAX.withNormalizer(normalizer))) {
        Field restored = decompress(codec, compress(codec, field));
        assertThat(restored.info()).isEqualTo(field.info());
        assertThat(compare(field, restored).nrmse()).as(normalizer).isLessThan(0.2);
      }
    }
  }

  @Test
  void integersAreClampedAndNeverWrapped() throws IOException {
    Field field = Field.allocate(FieldInfo.of("", DataType.UINT8, Shape.of(64, 128)));
    for (int i = 0; i < 64 * 128; i++) {
      DataType.UINT8.set(field.data(), i, i % 128 < 64 ? 0 : 255);
    }
    try (Codec codec = Codec.open(FACTORIZED, MINMAX.withNormalizer("meanstd:slice"))) {
      Field restored = decompress(codec, compress(codec, field));
      // wrapping would turn an overshoot beyond 255 into something near 0
      for (int i = 0; i < 64 * 128; i++) {
        if (Math.abs(i % 128 - 64) > 8) {
          assertThat(restored.get(i) > 128).isEqualTo(field.get(i) > 128);
        }
      }
    }
    assertThat(DataType.UINT8.bitsOf(300)).isEqualTo(255);
    assertThat(DataType.INT16.bitsOf(-1e9)).isEqualTo(0x8000);
    assertThat(DataType.INT64.bitsOf(1e300)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void constantFieldsAndSingleValidValuesAreExact() throws IOException {
    try (Codec codec = Codec.open(FACTORIZED, MINMAX)) {
      Field constant = Field.of(new float[3 * 70 * 70], 3, 70, 70);
      for (int i = 0; i < 3 * 70 * 70; i++) {
        DataType.FLOAT32.set(constant.data(), i, -1.25e-7);
      }
      assertThat(bytes(decompress(codec, compress(codec, constant)))).isEqualTo(bytes(constant));

      float[] lonely = new float[70 * 70];
      java.util.Arrays.fill(lonely, Float.NaN);
      lonely[1234] = 3.25f;
      Field single = Field.of(lonely, 70, 70);
      assertThat(bytes(decompress(codec, compress(codec, single)))).isEqualTo(bytes(single));

      Field none =
          Field.of(new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}, 3);
      assertThat(bytes(decompress(codec, compress(codec, none)))).isEqualTo(bytes(none));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 16})
  void specialValuesAreExactWithEveryPayload(int overlap) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 3, 4, 150, 140);
    MemorySegment data = field.data();
    Random random = new Random(4);
    for (int i = 0; i < 3000; i++) {
      long at = random.nextInt(4 * 150 * 140);
      int bits =
          switch (i % 5) {
            case 0 -> Float.floatToRawIntBits(Float.POSITIVE_INFINITY);
            case 1 -> Float.floatToRawIntBits(Float.NEGATIVE_INFINITY);
            case 2 -> 0x7fc00000;
            // more patterns of NaN than the dictionary holds
            case 3 -> 0xffc00000 | i;
            default -> Float.floatToRawIntBits(1e20f);
          };
      data.set(DataType.LE_INT, 4 * at, bits);
    }
    Field withFill = new Field(field.info().withFill(1e20f), data);
    try (Codec codec = Codec.open(FACTORIZED, MINMAX.withOverlap(overlap))) {
      Metrics metrics = compare(withFill, decompress(codec, compress(codec, withFill)));
      assertThat(metrics.specials()).isGreaterThan(2000);
      assertThat(metrics.specialsChanged()).isZero();
      assertThat(metrics.nrmse()).isLessThan(0.2);
    }
  }

  @Test
  void valuesOutsideALogarithmsDomainAreExact() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT64, 5, 2, 64, 80);
    for (int i = 0; i < 2 * 64 * 80; i++) {
      double v = field.get(i);
      DataType.FLOAT64.set(field.data(), i, i % 7 == 0 ? 0 : i % 1001 == 0 ? -v : Math.exp(5 * v));
    }
    try (Codec codec = Codec.open(FACTORIZED, MINMAX.withNormalizer("log10,minmax:slice"))) {
      Field restored = decompress(codec, compress(codec, field));
      for (int i = 0; i < 2 * 64 * 80; i++) {
        if (field.get(i) <= 0) {
          assertThat(restored.get(i)).isEqualTo(field.get(i));
        } else {
          assertThat(restored.get(i)).isPositive();
        }
      }
    }
  }

  @Test
  void aNormalizerThatDoesNotSuitIsRefused() {
    Field field = TestFields.smooth(DataType.FLOAT32, 6, 70, 70);
    try (Codec codec = Codec.open(FACTORIZED, MINMAX.withNormalizer("log10"))) {
      assertThatThrownBy(() -> compress(codec, field))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("log10")
          .hasMessageContaining("asinh");
    }
  }

  @Test
  void aRestoredValueIsNeverMistakenForTheFillValue() throws IOException {
    Field field = Field.allocate(FieldInfo.of("", DataType.INT16, Shape.of(64, 64)).withFill(7));
    for (int i = 0; i < 4096; i++) {
      DataType.INT16.set(field.data(), i, i % 2 == 0 ? 6 : 8);
    }
    DataType.INT16.set(field.data(), 99, 7);
    try (Codec codec = Codec.open(FACTORIZED, MINMAX)) {
      Field restored = decompress(codec, compress(codec, field));
      for (int i = 0; i < 4096; i++) {
        assertThat(restored.get(i) == 7).isEqualTo(i == 99);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 24})
  void aSelectionEqualsThatPartOfTheWhole(int overlap) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 7, 8, 200, 170);
    try (Codec codec = Codec.open(FACTORIZED, MINMAX.withTile(64, 64).withOverlap(overlap))) {
      byte[] container = compress(codec, field);
      Field whole = decompress(codec, container);
      Random random = new Random(8);
      for (int trial = 0; trial < 12; trial++) {
        int s = random.nextInt(8);
        int r = random.nextInt(200);
        int c = random.nextInt(170);
        Selection selection =
            new Selection(
                s,
                1 + random.nextInt(8 - s),
                r,
                1 + random.nextInt(200 - r),
                c,
                1 + random.nextInt(170 - c));
        Field part = decompress(codec, container, selection);
        for (long z = 0; z < selection.slices(); z++) {
          for (long y = 0; y < selection.rows(); y++) {
            for (long x = 0; x < selection.cols(); x++) {
              long at = ((s + z) * 200 + r + y) * 170 + c + x;
              assertThat(part.get((z * selection.rows() + y) * selection.cols() + x))
                  .isCloseTo(whole.get(at), org.assertj.core.data.Offset.offset(1e-4));
            }
          }
        }
      }
      assertThatThrownBy(() -> decompress(codec, container, new Selection(7, 2, 0, 1, 0, 1)))
          .isInstanceOf(TesseraException.Invalid.class);
    }
  }

  @Test
  void channelGroupsFollowTheChosenAxisAndNeverAnother() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 9, 4, 5, 64, 64);
    for (int axis = 0; axis < 2; axis++) {
      try (Codec codec = Codec.open(FACTORIZED, MINMAX.withGroupAxis(axis))) {
        byte[] container = compress(codec, field);
        assertThat(open(container).header().grid().groupAxis()).isEqualTo(axis);
        // 4 planes are two groups of three, five planes as well; times the other axis
        assertThat(open(container).header().grid().groups()).isEqualTo(axis == 0 ? 2 * 5 : 2 * 4);
        assertThat(compare(field, decompress(codec, container)).nrmse()).isLessThan(0.2);
      }
    }
    try (Codec codec = Codec.open(FACTORIZED, MINMAX.withGroupAxis(2))) {
      assertThatThrownBy(() -> compress(codec, field)).isInstanceOf(TesseraException.Invalid.class);
    }
  }

  @Test
  void threadsAndBatchesDoNotChangeTheFile() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 10, 30, 130, 64);
    byte[] expected = null;
    for (int threads : new int[] {1, 2, 16}) {
      for (int batch : new int[] {1, 16}) {
        try (Codec codec = Codec.open(FACTORIZED, MINMAX.withWork(threads, batch, 3))) {
          byte[] container = compress(codec, field);
          expected = expected == null ? container : expected;
          // the runtime may round a latent differently: then symbols differ, which is allowed, but
          // lengths tell it is rare
          if (!java.util.Arrays.equals(container, expected)) {
            assertThat(differingTiles(container, expected)).isLessThanOrEqualTo(2);
          }
        }
      }
    }
  }

  private static long differingTiles(byte[] a, byte[] b) {
    ContainerReader left = open(a);
    ContainerReader right = open(b);
    int streams = left.header().streamPlan().channelsPerStream() >= 24 ? 1 : 2;
    long differing = 0;
    var leftTiles = left.readGroup(0, streams);
    var rightTiles = right.readGroup(0, streams);
    for (int i = 0; i < Math.min(leftTiles.size(), rightTiles.size()); i++) {
      differing += leftTiles.get(i).streams().mismatch(rightTiles.get(i).streams()) >= 0 ? 1 : 0;
    }
    return differing;
  }

  @Test
  void aHyperpriorFileDecodesExactlyWithAnyThreadsAndBatches() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 11, 7, 190, 130);
    for (Model model : new Model[] {HYPERPRIOR, MEANS}) {
      byte[] container;
      try (Codec codec = Codec.open(model, MINMAX.withWork(2, 16, 2).withTile(64, 128))) {
        container = compress(codec, field);
      }
      Field expected = null;
      for (int threads : new int[] {1, 2, 16}) {
        for (int batch : new int[] {1, 5, 16}) {
          // a wrong table would make the symbols' check fail
          try (Codec codec = Codec.open(model, MINMAX.withWork(threads, batch, 2))) {
            Field restored = decompress(codec, container);
            expected = expected == null ? restored : expected;
            assertThat(compare(expected, restored).maxError()).isLessThan(1e-4);
          }
        }
      }
    }
  }

  @Test
  void everyNumberOfChannelsPerStreamDecodesToTheSame() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 12, 3, 320, 128);
    for (Model model : new Model[] {FACTORIZED, MEANS}) {
      Field expected = null;
      for (int p : new int[] {1, 5, 8, 24, 64, CodecOptions.WHOLE}) {
        try (Codec codec =
            Codec.open(
                model,
                MINMAX.withChannelsPerStream(p).withTile(CodecOptions.FULL, CodecOptions.FULL))) {
          Field restored = decompress(codec, compress(codec, field));
          expected = expected == null ? restored : expected;
          assertThat(compare(expected, restored).maxError()).as("P=" + p).isLessThan(1e-5);
        }
      }
    }
  }

  @Test
  void largeTilesAreSplitIntoBandsAndWholeStreamsAreNot() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 13, 1024, 640);
    CodecOptions full = MINMAX.withTile(CodecOptions.FULL, CodecOptions.FULL);
    try (Codec codec = Codec.open(FACTORIZED, full)) {
      // 64×40 positions, 1024 of them at most in a stream: 25 rows each, three bands
      byte[] container = compress(codec, field);
      assertThat(open(container).header().streamPlan().rowsPerStream()).isEqualTo(25);
      assertThat(codec.tileFormat(open(container)).streams()).isEqualTo(3);
      decompress(codec, container);
    }
    try (Codec codec = Codec.open(FACTORIZED, full.withChannelsPerStream(CodecOptions.WHOLE))) {
      assertThat(codec.tileFormat(open(compress(codec, field))).streams()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 16})
  void modelsOfAnyNumberOfInputChannelsWork(int channels) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 18, 7, 40, 100);
    for (Architecture architecture : Architecture.values()) {
      Model model = SyntheticModel.of(architecture, 8, 24, channels, 19);
      try (Codec codec = Codec.open(model, MINMAX)) {
        byte[] container = compress(codec, field);
        assertThat(open(container).header().grid().groups()).isEqualTo(Math.ceilDiv(7, channels));
        assertThat(decompress(codec, container).info()).isEqualTo(field.info());
      }
    }
  }

  @Test
  void tilesFitTheModelsStride() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 20, 37, 49);
    try (Codec codec = Codec.open(FACTORIZED, MINMAX)) {
      assertThat(open(compress(codec, field)).header().grid().tileHeight()).isEqualTo(48);
    }
    try (Codec codec = Codec.open(MEANS, MINMAX)) {
      assertThat(open(compress(codec, field)).header().grid().tileHeight()).isEqualTo(64);
    }
    try (Codec codec = Codec.open(MEANS, MINMAX.withTile(80, 64))) {
      assertThatThrownBy(() -> compress(codec, field)).hasMessageContaining("multiples of 64");
    }
  }

  @Test
  void largeIntegersAreKeptFromTheFillValueToo() throws IOException {
    Field field = Field.allocate(FieldInfo.of("", DataType.INT64, Shape.of(8, 8)));
    Field filled =
        new Field(
            new FieldInfo(
                "",
                DataType.INT64,
                Shape.of(8, 8),
                java.util.OptionalLong.of(Long.MIN_VALUE),
                java.util.Map.of()),
            field.data());
    for (int i = 0; i < 64; i++) {
      DataType.INT64.setBits(field.data(), i, i == 5 ? Long.MIN_VALUE : Long.MIN_VALUE + 100);
    }
    try (Codec codec = Codec.open(FACTORIZED, MINMAX)) {
      Field restored = decompress(codec, compress(codec, filled));
      for (int i = 0; i < 64; i++) {
        assertThat(DataType.INT64.getBits(restored.data(), i) == Long.MIN_VALUE).isEqualTo(i == 5);
      }
    }
  }

  @Test
  void anotherModelIsRefused() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 14, 64, 64);
    byte[] container;
    try (Codec codec = Codec.open(FACTORIZED, MINMAX)) {
      container = compress(codec, field);
    }
    try (Codec codec = Codec.open(TestFields.model("bmshj2018-factorized-relu"), MINMAX)) {
      assertThatThrownBy(() -> decompress(codec, container))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("was made with model " + FACTORIZED.id().substring(0, 32));
    }
  }

  @Test
  void anEmbeddedModelDecodes() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 15, 3, 64, 64);
    for (Model model : new Model[] {FACTORIZED, MEANS}) {
      byte[] container;
      Field expected;
      try (Codec codec = Codec.open(model, MINMAX.withEmbeddedModel(true))) {
        container = compress(codec, field);
        expected = decompress(codec, container);
      }
      Model embedded = Model.read(open(container).header().embeddedModel(), "embedded");
      assertThat(embedded.id()).isEqualTo(model.id());
      try (Codec codec = Codec.open(embedded, MINMAX)) {
        assertThat(compare(expected, decompress(codec, container)).maxError()).isLessThan(1e-6);
        assertThatThrownBy(() -> compress(codec, field))
            .isInstanceOf(TesseraException.Invalid.class)
            .hasMessageContaining("can only decompress");
      }
    }
  }

  @Test
  void severalThreadsShareOneCodec() throws Exception {
    try (Codec codec = Codec.open(MEANS, MINMAX)) {
      Thread[] threads = new Thread[4];
      AtomicBoolean failed = new AtomicBoolean();
      for (int t = 0; t < threads.length; t++) {
        int seed = t;
        threads[t] =
            Thread.ofPlatform()
                .start(() -> {
                  try {
                    Field field = TestFields.smooth(DataType.FLOAT32, seed, 4, 70 + seed, 90);
                    if (compare(field, decompress(codec, compress(codec, field))).nrmse() > 0.2) {
                      failed.set(true);
                    }
                  } catch (IOException | RuntimeException e) {
                    failed.set(true);
                  }
                });
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(failed).isFalse();
    }
  }

  @Test
  void interruptingEndsTheCallAndLeavesNoFile(
      @org.junit.jupiter.api.io.TempDir java.nio.file.Path folder) throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 16, 30, 128, 128);
    Progress interrupting =
        (phase, done, total) -> {
          if (phase == Progress.Phase.COMPRESS) {
            Thread.currentThread().interrupt();
          }
        };
    try (Codec codec =
        Codec.open(FACTORIZED, MINMAX.withWork(0, 1, 2).withProgress(interrupting))) {
      assertThatThrownBy(() -> codec.compress(field, folder.resolve("x.tsr")))
          .isInstanceOf(CancellationException.class);
      assertThat(Thread.interrupted()).isTrue();
      try (var left = java.nio.file.Files.list(folder)) {
        assertThat(left).isEmpty();
      }
    }
  }

  @Test
  void verificationAddsUp() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 17, 4, 70, 70);
    try (Codec codec = Codec.open(FACTORIZED, MINMAX)) {
      byte[] container = compress(codec, field);
      Codec.Verification verification = codec.verify(field, open(container));
      Metrics direct = compare(field, decompress(codec, container));
      assertThat(verification.total().rmse())
          .isCloseTo(direct.rmse(), org.assertj.core.data.Offset.offset(1e-6));
      assertThat(verification.slices()).hasSize(4);
      assertThat(verification.slices().stream().mapToDouble(Metrics::maxError).max().getAsDouble())
          .isEqualTo(verification.total().maxError());
      Field other = TestFields.smooth(DataType.FLOAT32, 17, 70, 70);
      assertThatThrownBy(() -> codec.verify(other, open(container)))
          .isInstanceOf(TesseraException.Invalid.class);
    }
  }

  @Test
  void anUnknownDeviceIsRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> Codec.open(FACTORIZED, MINMAX.withDevice("abacus")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("cpu");
  }
}
