package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.GaussianTables;
import dev.tessera.entropy.Rans;
import dev.tessera.entropy.StreamLayout;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import dev.tessera.testing.NativeFloats;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models against CompressAI's own results: testdata/golden, two images of 3×128×192 each. */
class GoldenModelsTest {
  private static final int BATCH = 2;
  private static final int HEIGHT = 128;
  private static final int WIDTH = 192;
  private static final int LATENT_HEIGHT = HEIGHT / 16;
  private static final int LATENT_WIDTH = WIDTH / 16;
  private static final int SIDE_HEIGHT = HEIGHT / 64;
  private static final int SIDE_WIDTH = WIDTH / 64;

  /** Share of symbols that another order of summation may round to a neighbour. */
  private static final double FLIPPED = 0.001;

  /** What the coder needs of one image: the tables of its latent, and the latent's means. */
  private record Prediction(CdfTables tables, int[] indexes, float[] means) {}

  private static Model model(String architecture) throws IOException {
    return Model.read(TestData.file("golden/" + architecture + "/checkpoint.pth.tar"));
  }

  /** The values of a little-endian float32 {@code .npy} file. */
  private static float[] npy(String architecture, String name) throws IOException {
    ByteBuffer file =
        ByteBuffer.wrap(
                Files.readAllBytes(TestData.file("golden/" + architecture + "/" + name + ".npy")))
            .order(ByteOrder.LITTLE_ENDIAN);
    file.position(10 + file.getShort(8));
    float[] values = new float[file.remaining() / Float.BYTES];
    file.asFloatBuffer().get(values);
    return values;
  }

  private static float[] run(Model model, Network network, float[] input, int height, int width) {
    try (OnnxNetwork onnx = new OnnxNetwork(OnnxExport.tuned(model, network), 2)) {
      int channels = onnx.inputChannels();
      long batch = input.length / ((long) channels * height * width);
      MemorySegment output =
          NativeFloats.zeros(
              batch * onnx.outputChannels() * onnx.outputSide(height) * onnx.outputSide(width));
      onnx.run(NativeFloats.of(input), batch, channels, height, width, output);
      return NativeFloats.array(output);
    }
  }

  private static int[] decode(
      String architecture,
      String string,
      int channels,
      int height,
      int width,
      CdfTables tables,
      int[] indexes)
      throws IOException {
    byte[] bytes = Files.readAllBytes(TestData.file("golden/" + architecture + "/" + string));
    int[] symbols = new int[channels * height * width];
    new Rans.Decoder()
        .decode(
            MemorySegment.ofArray(bytes),
            0,
            bytes.length,
            symbols,
            0,
            indexes,
            StreamLayout.whole(channels, height, width),
            0,
            tables);
    return symbols;
  }

  private static float[] repeated(float[] perChannel, int pixels) {
    float[] values = new float[perChannel.length * pixels];
    for (int i = 0; i < values.length; i++) {
      values[i] = perChannel[i / pixels];
    }
    return values;
  }

  private static float[] dequantized(int[] symbols, float[] means) {
    float[] values = new float[symbols.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = symbols[i] + means[i];
    }
    return values;
  }

  private static int[] sideSymbols(Model model, String architecture, int image) throws IOException {
    return decode(
        architecture,
        "string_1_" + image + ".bin",
        model.n(),
        SIDE_HEIGHT,
        SIDE_WIDTH,
        model.bottleneckTables(),
        null);
  }

  private static Prediction prediction(Model model, String architecture, int image)
      throws IOException {
    int pixels = LATENT_HEIGHT * LATENT_WIDTH;
    if (!model.architecture().hasHyperprior()) {
      return new Prediction(model.bottleneckTables(), null, repeated(model.medians(), pixels));
    }
    float[] side =
        dequantized(
            sideSymbols(model, architecture, image),
            repeated(model.medians(), SIDE_HEIGHT * SIDE_WIDTH));
    float[] scales = new float[model.m() * pixels];
    float[] means = new float[model.m() * pixels];
    new HyperSynthesis(model)
        .run(side, SIDE_HEIGHT, SIDE_WIDTH, scales, model.architecture().hasMeans() ? means : null);
    int[] indexes = new int[scales.length];
    float[] table = model.scaleTable();
    new GaussianTables(table, table[0]).indexes(scales, 0, indexes, 0, indexes.length);
    return new Prediction(model.conditionalTables(), indexes, means);
  }

  private static int[] symbols(Model model, String architecture, int image, Prediction prediction)
      throws IOException {
    return decode(
        architecture,
        "string_0_" + image + ".bin",
        model.m(),
        LATENT_HEIGHT,
        LATENT_WIDTH,
        prediction.tables,
        prediction.indexes);
  }

  private static void assertClose(float[] actual, float[] expected, float tolerance) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(tolerance));
    }
  }

  private static int differences(float[] values, float[] means, int[] symbols) {
    int different = 0;
    for (int i = 0; i < symbols.length; i++) {
      different += (int) Math.rint(values[i] - means[i]) == symbols[i] ? 0 : 1;
    }
    return different;
  }

  private static float[] image(float[] batch, int image) {
    int size = batch.length / BATCH;
    return Arrays.copyOfRange(batch, image * size, (image + 1) * size);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bmshj2018-factorized",
        "bmshj2018-factorized-relu",
        "bmshj2018-hyperprior",
        "mbt2018-mean"
      })
  void analysisGivesTheLatentOfCompressAi(String architecture) throws IOException {
    Model model = model(architecture);
    float[] expected = npy(architecture, "y");

    float[] latent = run(model, Network.G_A, npy(architecture, "x"), HEIGHT, WIDTH);

    assertClose(latent, expected, 1e-4f);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bmshj2018-factorized",
        "bmshj2018-factorized-relu",
        "bmshj2018-hyperprior",
        "mbt2018-mean"
      })
  void stringsOfCompressAiGiveItsImage(String architecture) throws IOException {
    Model model = model(architecture);
    float[] expected = npy(architecture, "x_hat");
    for (int image = 0; image < BATCH; image++) {
      Prediction prediction = prediction(model, architecture, image);
      float[] latent =
          dequantized(symbols(model, architecture, image, prediction), prediction.means);

      float[] restored = run(model, Network.G_S, latent, LATENT_HEIGHT, LATENT_WIDTH);

      for (int i = 0; i < restored.length; i++) {
        restored[i] = Math.clamp(restored[i], 0, 1);
      }
      assertClose(restored, image(expected, image), 1e-4f);
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
  void analysisGivesTheSymbolsOfCompressAi(String architecture) throws IOException {
    Model model = model(architecture);
    float[] latent = run(model, Network.G_A, npy(architecture, "x"), HEIGHT, WIDTH);
    int different = 0;
    int count = 0;
    for (int image = 0; image < BATCH; image++) {
      Prediction prediction = prediction(model, architecture, image);
      int[] symbols = symbols(model, architecture, image, prediction);
      different += differences(image(latent, image), prediction.means, symbols);
      count += symbols.length;
      assertThat(Arrays.stream(symbols).filter(s -> s != 0).count()).isGreaterThan(100);
    }

    assertThat(different).isLessThanOrEqualTo((int) (count * FLIPPED));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bmshj2018-hyperprior", "mbt2018-mean"})
  void hyperAnalysisGivesTheSideInformationOfCompressAi(String architecture) throws IOException {
    Model model = model(architecture);
    float[] side = run(model, Network.H_A, npy(architecture, "y"), LATENT_HEIGHT, LATENT_WIDTH);
    float[] medians = repeated(model.medians(), SIDE_HEIGHT * SIDE_WIDTH);
    for (int image = 0; image < BATCH; image++) {
      int[] symbols = sideSymbols(model, architecture, image);

      assertThat(differences(image(side, image), medians, symbols)).isZero();
    }
  }
}
