package dev.tessera.codec;

import static dev.tessera.codec.LearnedRoundTrip.FACTORIZED;
import static dev.tessera.codec.LearnedRoundTrip.MEANS;
import static dev.tessera.codec.LearnedRoundTrip.MINMAX;
import static dev.tessera.codec.LearnedRoundTrip.compare;
import static dev.tessera.codec.LearnedRoundTrip.decompress;
import static dev.tessera.codec.RoundTrip.compress;
import static dev.tessera.codec.RoundTrip.reader;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.DataType;
import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.testing.SyntheticModel;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a learned codec cuts a field into groups, tiles and streams, and restores parts of it. */
final class CodecTilesTest {
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
        assertThat(reader(container).header().grid().groupAxis()).isEqualTo(axis);
        // 4 planes are two groups of three, five planes as well; times the other axis
        assertThat(reader(container).header().grid().groups()).isEqualTo(axis == 0 ? 2 * 5 : 2 * 4);
        assertThat(compare(field, decompress(codec, container)).nrmse()).isLessThan(0.2);
      }
    }
    try (Codec codec = Codec.open(FACTORIZED, MINMAX.withGroupAxis(2))) {
      assertThatThrownBy(() -> compress(codec, field)).isInstanceOf(TesseraException.Invalid.class);
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
      assertThat(reader(container).header().streamPlan().rowsPerStream()).isEqualTo(25);
      assertThat(codec.tileFormat(reader(container)).streams()).isEqualTo(3);
      decompress(codec, container);
    }
    try (Codec codec = Codec.open(FACTORIZED, full.withChannelsPerStream(CodecOptions.WHOLE))) {
      assertThat(codec.tileFormat(reader(compress(codec, field))).streams()).isEqualTo(1);
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
        assertThat(reader(container).header().grid().groups()).isEqualTo(Math.ceilDiv(7, channels));
        assertThat(decompress(codec, container).info()).isEqualTo(field.info());
      }
    }
  }

  @Test
  void tilesFitTheModelsStride() throws IOException {
    Field field = TestFields.smooth(DataType.FLOAT32, 20, 37, 49);
    try (Codec codec = Codec.open(FACTORIZED, MINMAX)) {
      assertThat(reader(compress(codec, field)).header().grid().tileHeight()).isEqualTo(48);
    }
    try (Codec codec = Codec.open(MEANS, MINMAX)) {
      assertThat(reader(compress(codec, field)).header().grid().tileHeight()).isEqualTo(64);
    }
    try (Codec codec = Codec.open(MEANS, MINMAX.withTile(80, 64))) {
      assertThatThrownBy(() -> compress(codec, field)).hasMessageContaining("multiples of 64");
    }
  }
}
