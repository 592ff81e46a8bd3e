package dev.tessera.train.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.TesseraException;
import java.util.function.IntToDoubleFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** MS-SSIM against plain loops in float64. */
class MsSsimTest {
  private static final double[] WEIGHTS = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

  /** Luminance, and contrast times structure, of a window whose corner is at a place. */
  private static double[] window(double[][] a, double[][] b, int top, int left) {
    double sum = 0;
    double[] moments = new double[5];
    for (int i = 0; i < 11; i++) {
      for (int j = 0; j < 11; j++) {
        double weight = Math.exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / (2 * 1.5 * 1.5));
        double x = a[top + i][left + j];
        double y = b[top + i][left + j];
        double[] terms = {x, y, x * x, y * y, x * y};
        for (int k = 0; k < 5; k++) {
          moments[k] += weight * terms[k];
        }
        sum += weight;
      }
    }
    for (int k = 0; k < 5; k++) {
      moments[k] /= sum;
    }
    double x = moments[0];
    double y = moments[1];
    double luminance = (2 * x * y + 1e-4) / (x * x + y * y + 1e-4);
    double structure =
        (2 * (moments[4] - x * y) + 9e-4) / (moments[2] - x * x + moments[3] - y * y + 9e-4);
    return new double[] {luminance * structure, structure};
  }

  private static double reference(double[][] a, double[][] b, int scales) {
    double total = 0;
    for (int i = 0; i < scales; i++) {
      total += WEIGHTS[i];
    }
    double product = 1;
    for (int scale = 0; scale < scales; scale++) {
      if (scale > 0) {
        a = halved(a);
        b = halved(b);
      }
      double sum = 0;
      int count = 0;
      for (int top = 0; top + 11 <= a.length; top++) {
        for (int left = 0; left + 11 <= a[0].length; left++) {
          sum += window(a, b, top, left)[scale == scales - 1 ? 0 : 1];
          count++;
        }
      }
      product *= Math.pow(Math.max(sum / count, 1e-6), WEIGHTS[scale] / total);
    }
    return product;
  }

  private static double[][] halved(double[][] image) {
    double[][] half = new double[image.length / 2][image[0].length / 2];
    for (int i = 0; i < half.length; i++) {
      for (int j = 0; j < half[0].length; j++) {
        half[i][j] =
            (image[2 * i][2 * j]
                    + image[2 * i + 1][2 * j]
                    + image[2 * i][2 * j + 1]
                    + image[2 * i + 1][2 * j + 1])
                / 4;
      }
    }
    return half;
  }

  private static double[][] image(int height, int width, IntToDoubleFunction value) {
    double[][] image = new double[height][width];
    for (int i = 0; i < height * width; i++) {
      image[i / width][i % width] = value.applyAsDouble(i);
    }
    return image;
  }

  private static Tensor tensor(double[][]... images) {
    int height = images[0].length;
    int width = images[0][0].length;
    double[] values = new double[images.length * height * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = images[i / (height * width)][i / width % height][i % width];
    }
    return Tensor.create(values, 1, images.length, height, width);
  }

  @Test
  void agreesWithPlainLoops() {
    double[][] a = image(50, 47, i -> 0.5 + 0.4 * Math.sin(0.37 * i) * Math.cos(0.011 * i));
    double[][] b = image(50, 47, i -> 0.5 + 0.3 * Math.sin(0.37 * i + 0.2) * Math.cos(0.012 * i));
    double[][] c = image(50, 47, i -> (i * 7919 % 101) / 101.0);
    try (PointerScope scope = new PointerScope()) {
      double similarity = MsSsim.of(tensor(a, c), tensor(b, a)).item_double();

      double expected = (reference(a, b, 3) + reference(c, a, 3)) / 2;
      assertThat(similarity).isCloseTo(expected, within(1e-9));
      assertThat(expected).isBetween(0.1, 0.9);
    }
  }

  @Test
  void identicalImagesAreOne() {
    try (PointerScope scope = new PointerScope()) {
      Tensor images = Gradients.random(1, 0, 1, 2, 3, 176, 180);

      assertThat(MsSsim.of(images, images).item_double()).isCloseTo(1, within(1e-12));
      Tensor single = images.to(ScalarType.Float);
      assertThat(MsSsim.of(single, single).item_double()).isCloseTo(1, within(1e-5));
    }
  }

  @Test
  void theGradientIsThatOfFiniteDifferences() {
    try (PointerScope scope = new PointerScope()) {
      Tensor a = Gradients.random(1, 0, 1, 1, 1, 12, 13);
      Tensor b = a.mul(a).add_(Gradients.random(2, 0, 0.2, 1, 1, 12, 13));
      Tensor leaf = a.clone().set_requires_grad(true);
      MsSsim.of(leaf, b).backward();

      Gradients.assertGradient(
          "image",
          a,
          leaf.grad(),
          () -> {
            try (PointerScope inner = new PointerScope()) {
              return MsSsim.of(a, b).item_double();
            }
          });
    }
  }

  @Test
  void negativesHaveFiniteGradients() {
    try (PointerScope scope = new PointerScope()) {
      Tensor a = Gradients.random(1, 0, 1, 1, 1, 32, 32);
      Tensor leaf = torch.ones_like(a).sub_(a).set_requires_grad(true);

      MsSsim.of(leaf, a).backward();

      assertThat(leaf.grad().isfinite().all().item_bool()).isTrue();
    }
  }

  @Test
  void smallImagesTakeFewerScales() {
    assertThat(MsSsim.scales(176)).isEqualTo(5);
    assertThat(MsSsim.scales(175)).isEqualTo(4);
    assertThat(MsSsim.scales(128)).isEqualTo(4);
    assertThat(MsSsim.scales(64)).isEqualTo(3);
    assertThat(MsSsim.scales(11)).isEqualTo(1);
    assertThatThrownBy(() -> MsSsim.scales(10)).isInstanceOf(TesseraException.Invalid.class);
  }
}
