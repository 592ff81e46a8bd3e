package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.container.ContainerReader;
import dev.tessera.container.StreamPlan;
import dev.tessera.container.TileRecord;
import dev.tessera.field.Field;
import dev.tessera.field.FieldSource;
import dev.tessera.field.TesseraException;
import dev.tessera.io.FieldFiles;
import dev.tessera.io.OpenOptions;
import dev.tessera.model.Model;
import dev.tessera.testing.TestData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole files against CompressAI's own {@code compress} and {@code decompress}: with one stream per
 * tile a tile's streams are CompressAI's strings.
 */
final class GoldenCodecTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "bmshj2018-factorized",
        "bmshj2018-factorized-relu",
        "bmshj2018-hyperprior",
        "mbt2018-mean"
      })
  void streamsAreCompressAisStringsAndRestoreItsImages(String architecture) throws IOException {
    Path folder = TestData.file("golden/" + architecture);
    Model model = Model.read(folder.resolve("checkpoint.pth.tar"));
    CodecOptions options =
        CodecOptions.DEFAULTS
            .withTile(128, 192)
            .withProfile(StreamPlan.Profile.COMPATIBLE)
            .withChannelsPerStream(CodecOptions.WHOLE)
            .withNormalizer("range");
    try (Codec codec = Codec.open(model, options);
        FieldSource x = FieldFiles.open(folder.resolve("x.npy").toString(), OpenOptions.NONE);
        FieldSource expected =
            FieldFiles.open(folder.resolve("x_hat.npy").toString(), OpenOptions.NONE)) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      codec.compress(x, out);
      ContainerReader container = ContainerReader.of(MemorySegment.ofArray(out.toByteArray()));

      boolean hyper = model.architecture().hasHyperprior();
      List<TileRecord> tiles = container.readGroup(0, hyper ? 2 : 1);
      assertThat(tiles).hasSize(2);
      for (int b = 0; b < 2; b++) {
        byte[] y = Files.readAllBytes(folder.resolve("string_0_" + b + ".bin"));
        byte[] z =
            hyper ? Files.readAllBytes(folder.resolve("string_1_" + b + ".bin")) : new byte[0];
        byte[] stored = tiles.get(b).streams().toArray(ValueLayout.JAVA_BYTE);
        assertThat(java.util.Arrays.copyOf(stored, z.length)).isEqualTo(z);
        assertThat(java.util.Arrays.copyOfRange(stored, z.length, stored.length)).isEqualTo(y);
      }

      Field restored = Field.allocate(container.header().field());
      codec.decompress(container, restored);
      Field image = Field.allocate(expected.info());
      for (long slice = 0; slice < 6; slice++) {
        expected.read(
            slice, 0, 128, 0, 192, image.data().asSlice(slice * 128 * 192 * 4, 128 * 192 * 4));
      }
      for (long i = 0; i < image.info().shape().elements(); i++) {
        assertThat(restored.get(i))
            .isCloseTo(image.get(i), org.assertj.core.data.Offset.offset(1e-4));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bmshj2018-factorized",
        "bmshj2018-factorized-relu",
        "bmshj2018-hyperprior",
        "mbt2018-mean"
      })
  void compressAisStringsAreReadAndWrittenWithoutAContainer(String architecture)
      throws IOException {
    Path folder = TestData.file("golden/" + architecture);
    Model model = Model.read(folder.resolve("checkpoint.pth.tar"));
    int values = 3 * 128 * 192;
    try (CompressAiStrings codec = new CompressAiStrings(model)) {
      for (int b = 0; b < 2; b++) {
        List<byte[]> golden = new java.util.ArrayList<>();
        golden.add(Files.readAllBytes(folder.resolve("string_0_" + b + ".bin")));
        if (model.architecture().hasHyperprior()) {
          golden.add(Files.readAllBytes(folder.resolve("string_1_" + b + ".bin")));
        }
        float[] restored = codec.decompress(golden, 128, 192);
        float[] expected = image(folder.resolve("x_hat.npy"), b, values);
        for (int i = 0; i < values; i++) {
          assertThat(restored[i])
              .isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-4f));
        }
        List<byte[]> written = codec.compress(image(folder.resolve("x.npy"), b, values), 128, 192);
        assertThat(written).hasSameSizeAs(golden);
        for (int s = 0; s < golden.size(); s++) {
          assertThat(written.get(s)).isEqualTo(golden.get(s));
        }
      }
      assertThatThrownBy(() -> codec.decompress(List.of(), 128, 192))
          .isInstanceOf(TesseraException.Invalid.class);
      assertThatThrownBy(() -> codec.compress(new float[3 * 100 * 100], 100, 100))
          .hasMessageContaining("multiples of");
    }
  }

  private static float[] image(Path file, int number, int values) throws IOException {
    try (FieldSource source = FieldFiles.open(file.toString(), OpenOptions.NONE)) {
      float[] image = new float[values];
      MemorySegment target = MemorySegment.ofArray(image);
      for (int c = 0; c < 3; c++) {
        source.read(3L * number + c, 0, 128, 0, 192, target.asSlice(4L * c * 128 * 192));
      }
      return image;
    }
  }
}
