package dev.tessera.cuda.network;

import java.util.stream.IntStream;

/**
 * FORMAT.md's "Transforms" as written there, in float64 and without any cleverness: what kernels
 * are compared with. An image is {@code channels × height × width}.
 */
final class ReferenceConvolution {
  private final Convolution layer;

  ReferenceConvolution(Convolution layer) {
    this.layer = layer;
  }

  /** The whole layer. */
  double[] run(double[] image, int height, int width) {
    double[] sums = convolve(image, height, width);
    then(sums, layer.outputSide(height) * layer.outputSide(width));
    return sums;
  }

  /** Sums and bias alone. */
  double[] convolve(double[] image, int height, int width) {
    int rows = layer.outputSide(height);
    int columns = layer.outputSide(width);
    double[] out = new double[layer.outputs() * rows * columns];
    IntStream.range(0, layer.outputs())
        .parallel()
        .forEach(o -> {
          for (int y = 0; y < rows; y++) {
            for (int x = 0; x < columns; x++) {
              out[(o * rows + y) * columns + x] = sum(image, height, width, o, y, x);
            }
          }
        });
    return out;
  }

  private double sum(double[] image, int height, int width, int output, int y, int x) {
    double sum = layer.bias()[output];
    int pad = layer.kernel() / 2;
    for (int ky = 0; ky < layer.kernel(); ky++) {
      int row = source(y, ky, pad, height);
      for (int kx = 0; row >= 0 && kx < layer.kernel(); kx++) {
        int column = source(x, kx, pad, width);
        for (int i = 0; column >= 0 && i < layer.inputs(); i++) {
          double value = image[(i * height + row) * width + column];
          sum += value * layer.at(output, i, ky, kx);
        }
      }
    }
    return sum;
  }

  /** The input row or column that a tap sees; −1 if it sees none. */
  private int source(int at, int tap, int pad, int side) {
    int source;
    if (layer.transposed()) {
      int spread = at + pad - tap;
      if (spread % layer.stride() != 0) {
        return -1;
      }
      source = spread / layer.stride();
    } else {
      source = at * layer.stride() + tap - pad;
    }
    return source < 0 || source >= side ? -1 : source;
  }

  /** What follows the convolution, in place. */
  void then(double[] image, int pixels) {
    switch (layer.then()) {
      case Convolution.Pointwise.None _ -> {}
      case Convolution.Pointwise.Relu relu -> {
        for (int i = 0; i < image.length; i++) {
          image[i] = image[i] > 0 ? image[i] : relu.slope() * image[i];
        }
      }
      case Convolution.Pointwise.Gdn gdn ->
          IntStream.range(0, pixels).parallel().forEach(p -> normalize(gdn, image, pixels, p));
    }
  }

  private void normalize(Convolution.Pointwise.Gdn gdn, double[] image, int pixels, int pixel) {
    int channels = layer.outputs();
    double[] squares = new double[channels];
    for (int j = 0; j < channels; j++) {
      double value = image[j * pixels + pixel];
      squares[j] = value * value;
    }
    for (int i = 0; i < channels; i++) {
      double norm = gdn.beta()[i];
      for (int j = 0; j < channels; j++) {
        norm += gdn.gamma()[i * channels + j] * squares[j];
      }
      double root = Math.sqrt(norm);
      image[i * pixels + pixel] *= gdn.inverse() ? root : 1 / root;
    }
  }
}
