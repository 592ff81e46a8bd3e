package dev.tessera.cuda.network;

/**
 * What the kernels' parameter headers say, read literally: sums over packed weights, in float64, so
 * that packing is tested where there is no GPU. Images are {@code channels × height × width}.
 */
final class EmulatedKernels {
  private EmulatedKernels() {}

  private static double pixel(double[] image, int side, int channel, int y, int x) {
    return y < 0 || x < 0 || y >= side || x >= side ? 0 : image[(channel * side + y) * side + x];
  }

  private static double half(byte[] bytes, int at) {
    return Float.float16ToFloat((short) (bytes[at] & 0xff | bytes[at + 1] << 8));
  }

  private static double element(byte[] bytes, int index, ActivationType type) {
    return switch (type) {
      case E4M3 -> E4m3.toFloat(bytes[index]);
      case HALF -> half(bytes, 2 * index);
      case FLOAT -> throw new IllegalArgumentException("float32 is split");
    };
  }

  /** conv_portable_parameters.cuh; the input is what is stored, and inputs are padded here. */
  static double[] portable(
      Convolution layer,
      PortableVariant variant,
      PortableWeights packed,
      double[] image,
      int side) {
    int np = variant.channels();
    int cp = Convolution.padded(layer.inputs());
    int kc = variant.rowBytes() / variant.input().bytes();
    int outSide = layer.outputSide(side);
    double[] u = new double[np * outSide * outSide];
    int phases = layer.transposed() ? 4 : 1;
    int firstStep = 0;
    for (int phase = 0; phase < phases; phase++) {
      int py = phase / 2;
      int px = phase % 2;
      int across = layer.transposed() ? 3 - px : layer.kernel();
      int taps = layer.transposed() ? (3 - py) * across : layer.kernel() * layer.kernel();
      int steps = (taps * cp + kc - 1) / kc;
      int grid = layer.transposed() ? side : outSide;
      for (int y = 0; y < grid; y++) {
        for (int x = 0; x < grid; x++) {
          int outY = layer.transposed() ? 2 * y + py : y;
          int outX = layer.transposed() ? 2 * x + px : x;
          for (int n = 0; n < np; n++) {
            int channel = n / 16 * 16 + 4 * (n % 16 % 8 / 2) + 2 * (n % 16 / 8) + n % 2;
            double sum = 0;
            for (int k = 0; k < taps * cp; k++) {
              int tap = k / cp;
              int pad = layer.kernel() / 2;
              int inY =
                  layer.transposed()
                      ? y + 1 - tap / across
                      : y * layer.stride() + tap / across - pad;
              int inX =
                  layer.transposed()
                      ? x + 1 - tap % across
                      : x * layer.stride() + tap % across - pad;
              double value = k % cp < layer.inputs() ? pixel(image, side, k % cp, inY, inX) : 0;
              int row = (firstStep + k / kc) * np + n;
              double weight =
                  variant.isSplit()
                      ? half(packed.weights(), row * 4 * kc + 2 * position(k % kc))
                          + half(packed.weights(), row * 4 * kc + 2 * kc + 2 * position(k % kc))
                      : element(packed.weights(), row * kc + k % kc, variant.input());
              sum += weight * value;
            }
            double scale = variant.input() == ActivationType.HALF ? 1 : packed.scale()[channel];
            u[(channel * outSide + outY) * outSide + outX] = sum * scale + packed.bias()[channel];
          }
        }
      }
      firstStep += steps;
    }
    return u;
  }

  /** Where a channel of a group of 16 stands: found by trying. */
  private static int position(int channel) {
    int group = channel / 16 * 16;
    for (int p = 0; p < 16; p++) {
      if (group + 4 * (p % 8 / 2) + 2 * (p / 8) + p % 2 == channel) {
        return group + p;
      }
    }
    throw new AssertionError("the order is no permutation");
  }

  /** GDN by packed gamma, in place. */
  static void portableNorm(
      Convolution.Pointwise.Gdn gdn,
      PortableVariant variant,
      PortableWeights packed,
      double[] u,
      int pixels) {
    int np = variant.channels();
    for (int p = 0; p < pixels; p++) {
      double[] x = new double[np];
      for (int c = 0; c < np; c++) {
        x[c] = u[c * pixels + p];
      }
      for (int i = 0; i < np; i++) {
        double sum = 0;
        for (int j = 0; j < np; j++) {
          int at = position(i) * np + position(j);
          double gamma = Float.float16ToFloat(packed.gamma()[at]);
          gamma += variant.isSplit() ? Float.float16ToFloat(packed.gamma()[np * np + at]) : 0;
          sum += gamma * x[j] * x[j];
        }
        double norm = packed.beta()[i] + packed.normScale() * sum;
        u[i * pixels + p] = gdn.inverse() ? x[i] * Math.sqrt(norm) : x[i] / Math.sqrt(norm);
      }
    }
  }

  /** conv_hopper_parameters.cuh, with (inverse) GDN; the input is what is stored. */
  static double[] hopper(
      Convolution layer, HopperVariant variant, HopperWeights packed, double[] image, int side) {
    int width = variant.width();
    int bytes = variant.input().bytes();
    int line = 128 / bytes;
    int chunks = (variant.inputChannels() * bytes + 127) / 128;
    int outSide = layer.outputSide(side);
    int pixels = outSide * outSide;
    boolean halving = !layer.transposed() && layer.stride() == 2;
    double[] u = new double[width * variant.tiles() * pixels]; // by position
    int stage = 0;
    for (int tile = 0; tile < variant.tiles(); tile++) {
      for (int outer = 0; outer < (layer.transposed() ? 4 : 1); outer++) {
        for (int chunk = 0; chunk < chunks; chunk++) {
          for (int inner = 0; inner < (halving ? 4 : 1); inner++) {
            int py = (layer.transposed() ? outer : inner) / 2;
            int px = (layer.transposed() ? outer : inner) % 2;
            for (int ty = layer.transposed() ? py : 0;
                ty <= (layer.transposed() ? 2 : 2 - py);
                ty++) {
              for (int tx = layer.transposed() ? px : 0;
                  tx <= (layer.transposed() ? 2 : 2 - px);
                  tx++) {
                addStage(
                    layer,
                    variant,
                    packed,
                    image,
                    side,
                    u,
                    tile,
                    chunk,
                    py,
                    px,
                    ty,
                    tx,
                    stage * width * 128,
                    line,
                    bytes);
                stage++;
              }
            }
          }
        }
      }
    }
    for (int p = 0; p < width * variant.tiles(); p++) {
      for (int i = 0; i < pixels; i++) {
        u[p * pixels + i] = u[p * pixels + i] * packed.scale()[p] + packed.bias()[p];
      }
    }
    double[] out = new double[layer.outputs() * pixels];
    for (int i = 0; i < pixels; i++) {
      for (int p = 0; p < width * variant.tiles(); p++) {
        int channel = variant.outputAt(p);
        if (channel < layer.outputs()) {
          out[channel * pixels + i] = hopperThen(layer, packed, u, width, pixels, i, p);
        }
      }
    }
    return out;
  }

  private static void addStage(
      Convolution layer,
      HopperVariant variant,
      HopperWeights packed,
      double[] image,
      int side,
      double[] u,
      int tile,
      int chunk,
      int py,
      int px,
      int ty,
      int tx,
      int from,
      int line,
      int bytes) {
    int outSide = layer.outputSide(side);
    int grid = layer.transposed() ? side : outSide;
    for (int row = 0; row < variant.width(); row++) {
      for (int c = 0; c < line; c++) {
        int b = c * bytes;
        int at = from + row * 128 + (b / 16 ^ row % 8) * 16 + b % 16;
        double weight = element(packed.weights(), at / bytes, variant.input());
        int channel = chunk * line + c;
        for (int y = 0; channel < layer.inputs() && y < grid; y++) {
          for (int x = 0; x < grid; x++) {
            // a convolution's patch begins one pixel of its quarter before, as does the input's
            int spread = layer.transposed() ? 1 : layer.stride();
            int inY = spread * (y - 1 + ty) + py * (spread - 1);
            int inX = spread * (x - 1 + tx) + px * (spread - 1);
            int outY = layer.transposed() ? 2 * y + py : y;
            int outX = layer.transposed() ? 2 * x + px : x;
            u[((tile * variant.width() + row) * outSide + outY) * outSide + outX] +=
                weight * pixel(image, side, channel, inY, inX);
          }
        }
      }
    }
  }

  private static double hopperThen(
      Convolution layer, HopperWeights packed, double[] u, int width, int pixels, int i, int p) {
    double value = u[p * pixels + i];
    if (layer.then() instanceof Convolution.Pointwise.Relu relu) {
      return Math.max(value, relu.slope() * value) * packed.factor();
    }
    if (!(layer.then() instanceof Convolution.Pointwise.Gdn gdn)) {
      return value * packed.factor();
    }
    int chunks = (width + 63) / 64;
    int block = p / 64;
    int rows = Math.min(64, width - block * 64);
    double norm = packed.beta()[p];
    for (int q = 0; q < width; q++) {
      int r = p % 64;
      int b = q % 64 * 2;
      int at = block * 64 * 64 * chunks + (q / 64 * rows + r) * 64;
      short gamma = packed.gamma()[at + ((b / 16 ^ r % 8) * 16 + b % 16) / 2];
      norm += Float.float16ToFloat(gamma) * Math.pow(u[q * pixels + i], 2);
    }
    return packed.factor() * value * (gdn.inverse() ? Math.sqrt(norm) : 1 / Math.sqrt(norm));
  }
}
