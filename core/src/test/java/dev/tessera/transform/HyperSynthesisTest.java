package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Network;
import dev.tessera.model.OnnxExport;
import dev.tessera.model.Tensor;
import dev.tessera.testing.NativeFloats;
import dev.tessera.testing.SyntheticModel;
import dev.tessera.testing.TestData;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HyperSynthesisTest {
  /** The specification of docs/FORMAT.md, word for word, for one value after another. */
  private static final class Specification {
    final Model model;
    final boolean leaky;

    Specification(Model model) {
      this.model = model;
      this.leaky = model.architecture().hasMeans();
    }

    /** Image is [channel][row][column]. */
    float[][][] run(float[][][] side) {
      float[][][] first = activated(transposed("h_s.0", side));
      float[][][] second = activated(transposed("h_s.2", first));
      float[][][] last = ordinary("h_s.4", second);
      if (!leaky) {
        last = activated(last);
      }
      for (float[][] plane : last) {
        for (float[] row : plane) {
          for (int x = 0; x < row.length; x++) {
            if (Float.isNaN(row[x]) || Float.isInfinite(row[x]) || row[x] == 0) {
              row[x] = 0;
            }
          }
        }
      }
      return last;
    }

    float[][][] transposed(String name, float[][][] in) {
      Tensor.Floats weight = model.floats(name + ".weight");
      int outputs = weight.dim(1);
      float[][][] out = new float[outputs][2 * in[0].length][2 * in[0][0].length];
      for (int o = 0; o < outputs; o++) {
        for (int y = 0; y < out[0].length; y++) {
          for (int x = 0; x < out[0][0].length; x++) {
            float sum = model.floats(name + ".bias").values()[o];
            for (int ky = 0; ky < 5; ky++) {
              for (int kx = 0; kx < 5; kx++) {
                for (int i = 0; i < in.length; i++) {
                  for (int row = 0; row < in[0].length; row++) {
                    for (int column = 0; column < in[0][0].length; column++) {
                      if (2 * row - 2 + ky == y && 2 * column - 2 + kx == x) {
                        float w = weight.values()[((i * outputs + o) * 5 + ky) * 5 + kx];
                        float product = in[i][row][column] * w;
                        sum = sum + product;
                      }
                    }
                  }
                }
              }
            }
            out[o][y][x] = sum;
          }
        }
      }
      return out;
    }

    float[][][] ordinary(String name, float[][][] in) {
      Tensor.Floats weight = model.floats(name + ".weight");
      float[][][] out = new float[weight.dim(0)][in[0].length][in[0][0].length];
      for (int o = 0; o < out.length; o++) {
        for (int y = 0; y < out[0].length; y++) {
          for (int x = 0; x < out[0][0].length; x++) {
            float sum = model.floats(name + ".bias").values()[o];
            for (int ky = 0; ky < 3; ky++) {
              for (int kx = 0; kx < 3; kx++) {
                for (int i = 0; i < in.length; i++) {
                  int row = y + ky - 1;
                  int column = x + kx - 1;
                  if (row >= 0 && row < in[0].length && column >= 0 && column < in[0][0].length) {
                    float w = weight.values()[((o * in.length + i) * 3 + ky) * 3 + kx];
                    float product = in[i][row][column] * w;
                    sum = sum + product;
                  }
                }
              }
            }
            out[o][y][x] = sum;
          }
        }
      }
      return out;
    }

    float[][][] activated(float[][][] image) {
      for (float[][] plane : image) {
        for (float[] row : plane) {
          for (int x = 0; x < row.length; x++) {
            if (!(row[x] > 0)) {
              row[x] = leaky ? row[x] * 0.01f : 0;
            }
          }
        }
      }
      return image;
    }
  }

  private record Result(float[] scales, float[] means) {}

  private static Result run(HyperSynthesis network, float[] side, int height, int width) {
    int values = network.latentChannels() * height * width * 16;
    Result result = new Result(new float[values], network.hasMeans() ? new float[values] : null);
    network.run(side, height, width, result.scales, result.means);
    return result;
  }

  private static float[] side(int channels, int height, int width, long seed) {
    Random random = new Random(seed);
    float[] side = new float[channels * height * width];
    for (int i = 0; i < side.length; i++) {
      side[i] = Math.round(random.nextGaussian() * 3) + 0.125f * random.nextInt(3);
    }
    return side;
  }

  private static Result specified(Model model, float[] side, int height, int width) {
    float[][][] image = new float[model.n()][height][width];
    for (int i = 0; i < side.length; i++) {
      image[i / (height * width)][i / width % height][i % width] = side[i];
    }
    float[][][] out = new Specification(model).run(image);
    float[] all = new float[out.length * out[0].length * out[0][0].length];
    int to = 0;
    for (float[][] plane : out) {
      for (float[] row : plane) {
        for (float value : row) {
          all[to++] = value;
        }
      }
    }
    int values = model.m() * height * width * 16;
    return new Result(
        java.util.Arrays.copyOf(all, values),
        model.architecture().hasMeans()
            ? java.util.Arrays.copyOfRange(all, values, 2 * values)
            : null);
  }

  private static void assertSameBits(Result actual, Result expected) {
    assertThat(bits(actual.scales)).isEqualTo(bits(expected.scales));
    if (expected.means != null) {
      assertThat(bits(actual.means)).isEqualTo(bits(expected.means));
    }
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }

  @ParameterizedTest
  @CsvSource({
    "HYPERPRIOR, 16, 24, 1, 1",
    "HYPERPRIOR, 13, 7, 2, 3",
    "HYPERPRIOR, 5, 33, 3, 1",
    "MEAN_HYPERPRIOR, 16, 24, 2, 2",
    "MEAN_HYPERPRIOR, 11, 9, 1, 3",
    "MEAN_HYPERPRIOR, 3, 2, 7, 5"
  })
  void givesTheBitsOfTheSpecification(
      Architecture architecture, int n, int m, int height, int width) {
    Model model = SyntheticModel.of(architecture, n, m, 3, 7);
    float[] side = side(n, height, width, 5);

    assertSameBits(
        run(new HyperSynthesis(model), side, height, width), specified(model, side, height, width));
  }

  @ParameterizedTest
  @CsvSource({"HYPERPRIOR", "MEAN_HYPERPRIOR"})
  void givesTheBitsOfTheSpecificationWhereValuesOverflow(Architecture architecture) {
    Model model = SyntheticModel.of(architecture, 9, 5, 3, 7);
    float[] side = side(9, 2, 2, 5);
    side[0] = Float.MAX_VALUE;
    side[5] = -Float.MAX_VALUE;
    side[9] = Float.POSITIVE_INFINITY;
    side[13] = Float.NaN;
    side[17] = Float.MIN_VALUE;
    side[21] = -0.0f;

    Result result = run(new HyperSynthesis(model), side, 2, 2);

    assertSameBits(result, specified(model, side, 2, 2));
    for (float scale : result.scales) {
      assertThat(scale).isFinite();
    }
  }

  /** Reference bits of an implementation in another language: testdata/golden has its weights. */
  @ParameterizedTest
  @CsvSource({"bmshj2018-hyperprior, 6cbe4729", "mbt2018-mean, 5dc283f1"})
  void givesTheBitsThatNumpyGives(String architecture, String expected) throws Exception {
    Model model = Model.read(TestData.file("golden/" + architecture + "/checkpoint.pth.tar"));
    float[] side = new float[model.n() * 2 * 3];
    for (int i = 0; i < side.length; i++) {
      side[i] = (i * 37 % 17 - 8) * 0.375f;
    }

    Result result = run(new HyperSynthesis(model), side, 2, 3);

    CRC32 crc = new CRC32();
    for (float[] values :
        result.means == null ? List.of(result.scales) : List.of(result.scales, result.means)) {
      for (int bit : bits(values)) {
        for (int shift = 0; shift < 32; shift += 8) {
          crc.update(bit >>> shift);
        }
      }
    }
    assertThat(Long.toHexString(crc.getValue())).isEqualTo(expected);
  }

  @Test
  void givesTheSameBitsFromSeveralThreadsAndSizesInTurn() throws Exception {
    Model model = SyntheticModel.of(Architecture.MEAN_HYPERPRIOR, 16, 24, 3, 3);
    HyperSynthesis network = new HyperSynthesis(model);
    List<Result> expected = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      expected.add(
          run(new HyperSynthesis(model), side(16, 1 + i % 4, 1 + i % 3, i), 1 + i % 4, 1 + i % 3));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Result>> results = new ArrayList<>();
      for (int i = 0; i < 48; i++) {
        int tile = i % 12;
        int height = 1 + tile % 4;
        int width = 1 + tile % 3;
        results.add(
            threads.submit(() -> run(network, side(16, height, width, tile), height, width)));
      }
      for (int i = 0; i < results.size(); i++) {
        assertSameBits(results.get(i).get(), expected.get(i % 12));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"bmshj2018-hyperprior", "mbt2018-mean"})
  void agreesWithOnnxRuntime(String architecture) throws Exception {
    Model model = Model.read(TestData.file("golden/" + architecture + "/checkpoint.pth.tar"));
    HyperSynthesis network = new HyperSynthesis(model);
    float[] side = side(model.n(), 3, 5, 11);
    Result result = run(network, side, 3, 5);

    MemorySegment output =
        NativeFloats.zeros((long) result.scales.length * (network.hasMeans() ? 2 : 1));
    try (OnnxNetwork onnx = new OnnxNetwork(OnnxExport.network(model, Network.H_S), 2)) {
      onnx.run(NativeFloats.of(side), 1, model.n(), 3, 5, output);
    }
    float[] expected = NativeFloats.array(output);
    float largest = 0;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      float actual =
          i < result.scales.length ? result.scales[i] : result.means[i - result.scales.length];
      assertThat(actual).isCloseTo(expected[i], within(1e-4f * largest));
    }
  }

  @Test
  void reportsModelsWithoutHyperprior() {
    Model model = SyntheticModel.of(Architecture.FACTORIZED, 4, 4, 3, 1);

    assertThatThrownBy(() -> new HyperSynthesis(model))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("bmshj2018-factorized");
  }

  @Test
  void reportsArraysThatDoNotFit() {
    HyperSynthesis scales =
        new HyperSynthesis(SyntheticModel.of(Architecture.HYPERPRIOR, 4, 6, 3, 1));
    HyperSynthesis both =
        new HyperSynthesis(SyntheticModel.of(Architecture.MEAN_HYPERPRIOR, 4, 6, 3, 1));
    float[] side = new float[4 * 2 * 2];
    float[] latent = new float[6 * 8 * 8];

    assertInvalid(() -> scales.run(new float[15], 2, 2, latent, null), "15");
    assertInvalid(() -> scales.run(side, 2, 2, new float[383], null), "384");
    assertInvalid(() -> scales.run(side, 2, 2, latent, latent), "no means");
    assertInvalid(() -> both.run(side, 2, 2, latent, null), "gives means");
    assertInvalid(() -> both.run(side, 2, 2, latent, new float[1]), "384");
    assertInvalid(() -> scales.run(side, 0, 2, latent, null), "0x2");
    assertInvalid(() -> scales.run(side, 2, -1, latent, null), "2x-1");
    assertInvalid(
        () -> scales.run(side, Integer.MAX_VALUE, Integer.MAX_VALUE, latent, null),
        "smaller tiles");
    assertInvalid(() -> scales.run(side, 1 << 16, 1 << 14, latent, null), "needed");
  }

  private static void assertInvalid(Runnable call, String message) {
    assertThatThrownBy(call::run)
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(message);
  }
}
