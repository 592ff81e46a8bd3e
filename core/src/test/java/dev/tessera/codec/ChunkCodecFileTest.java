package dev.tessera.codec;

import static dev.tessera.codec.ChunkRoundTrip.SMALL_TILES;
import static dev.tessera.codec.ChunkRoundTrip.decompress;
import static dev.tessera.codec.ChunkRoundTrip.open;
import static dev.tessera.codec.RoundTrip.bytes;
import static dev.tessera.codec.RoundTrip.compress;
import static dev.tessera.codec.RoundTrip.reader;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files that pipelines make: parts of them, their size and header, and what is refused. */
final class ChunkCodecFileTest {
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
