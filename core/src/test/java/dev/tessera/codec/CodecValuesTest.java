package dev.tessera.codec;

import static dev.tessera.codec.LearnedRoundTrip.FACTORIZED;
import static dev.tessera.codec.LearnedRoundTrip.HYPERPRIOR;
import static dev.tessera.codec.LearnedRoundTrip.MEANS;
import static dev.tessera.codec.LearnedRoundTrip.MINMAX;
import static dev.tessera.codec.LearnedRoundTrip.compare;
import static dev.tessera.codec.LearnedRoundTrip.decompress;
import static dev.tessera.codec.RoundTrip.bytes;
import static dev.tessera.codec.RoundTrip.compress;
import static dev.tessera.codec.RoundTrip.reader;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.container.Stage;
import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.FieldInfo;
import dev.tessera.field.Metrics;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Model;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which values come back from a learned codec: of every shape and type, special or not. */
final class CodecValuesTest {
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

  /** A normalizer may be left to be chosen, by the user or by the model; the file states it. */
  @Test
  void aChosenNormalizerMakesTheFileThatNamingItWould() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 8, 5, 64, 80);
    for (int i = 0; i < 5 * 64 * 80; i++) {
      double peak = i % 300 == 0 ? 5 : 0;
      DataType.FLOAT32.set(field.data(), i, Math.exp(field.get(i) + peak));
    }
    DataType.FLOAT32.set(field.data(), 77, Double.NaN);
    Model undecided = FACTORIZED.withMetadata(FACTORIZED.name(), Map.of(Model.NORMALIZER, "auto"));
    String chosen = "log10,minmax:slice";
    try (Codec named = Codec.open(FACTORIZED, MINMAX.withNormalizer(chosen));
        Codec asked = Codec.open(FACTORIZED, MINMAX.withNormalizer("auto"));
        Codec byModel = Codec.open(undecided, CodecOptions.DEFAULTS)) {
      byte[] expected = compress(named, field);
      for (Codec codec : List.of(asked, byModel)) {
        byte[] container = compress(codec, field);
        assertThat(Codec.normalizer(reader(container).header())).hasToString(chosen);
        assertThat(reader(container).header().stage(Stage.NORMALIZER).parameters())
            .isEqualTo(reader(expected).header().stage(Stage.NORMALIZER).parameters());
        assertThat(decompress(codec, container).get(77)).isNaN();
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
  void verificationAddsUp() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 17, 4, 70, 70);
    try (Codec codec = Codec.open(FACTORIZED, MINMAX)) {
      byte[] container = compress(codec, field);
      Codec.Verification verification = codec.verify(field, reader(container));
      Metrics direct = compare(field, decompress(codec, container));
      assertThat(verification.total().rmse())
          .isCloseTo(direct.rmse(), org.assertj.core.data.Offset.offset(1e-6));
      assertThat(verification.slices()).hasSize(4);
      assertThat(verification.slices().stream().mapToDouble(Metrics::maxError).max().getAsDouble())
          .isEqualTo(verification.total().maxError());
      Field other = TestFields.smooth(DataType.FLOAT32, 17, 70, 70);
      assertThatThrownBy(() -> codec.verify(other, reader(container)))
          .isInstanceOf(TesseraException.Invalid.class);
    }
  }
}
