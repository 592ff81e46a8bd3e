package dev.tessera.cuda.network;

import dev.tessera.model.Calibration;
import java.util.ArrayList;
import java.util.List;

/**
 * Constants of a layer in the order of conv_hopper_parameters.cuh.
 *
 * @param weights stages of swizzled lines
 * @param gamma likewise; null without GDN
 * @param scale per position
 * @param bias per position
 * @param beta per position; null without GDN
 * @param medians per position; null where no symbols are stored
 * @param factor what is stored is the result times this
 */
record HopperWeights(
    byte[] weights,
    short[] gamma,
    float[] scale,
    float[] bias,
    float[] beta,
    float[] medians,
    float factor) {
  /** Bytes of a line of weights. */
  static final int LINE = 128;

  private static final int GAMMA_BLOCK = 64;
  private static final int GAMMA_BITS = 13;
  private static final int PHASES = 4;

  static HopperWeights of(
      Convolution layer, HopperVariant variant, LayerInput input, LayerOutput output) {
    int positions = variant.width() * variant.tiles();
    Convolution.Pointwise.Gdn gdn =
        layer.then() instanceof Convolution.Pointwise.Gdn found ? found : null;
    float square = gdn == null ? 1 : PowersOfTwo.squaring(gdn.beta(), gdn.gamma());
    float[] weightScale = weightScales(layer, input.type());
    float[] scale = new float[positions];
    float[] bias = new float[positions];
    float[] medians = output.medians() == null ? null : new float[positions];
    for (int p = 0; p < positions; p++) {
      int channel = variant.outputAt(p);
      if (channel < layer.outputs()) {
        scale[p] = square * input.scale() * weightScale[channel];
        bias[p] = square * layer.bias()[channel];
        if (medians != null) {
          medians[p] = output.medians()[channel];
        }
      }
    }
    byte[] weights = weights(layer, variant, weightScale);
    if (gdn == null) {
      return new HopperWeights(weights, null, scale, bias, null, medians, 1 / output.scale());
    }
    // a power of 4, whose root is exact too
    float raised = PowersOfTwo.raising(gdn.gamma(), GAMMA_BITS);
    float gammaScale = Math.getExponent(raised) % 2 == 0 ? raised : 2 * raised;
    float root = (float) Math.sqrt(gammaScale);
    float[] beta = HopperConvolution.filled(positions, 1);
    for (int p = 0; p < positions; p++) {
      int channel = variant.outputAt(p);
      if (channel < layer.outputs()) {
        beta[p] = square * square * gammaScale * gdn.beta()[channel];
      }
    }
    float factor = gdn.inverse() ? 1 / (square * square * root) : root;
    short[] gamma = gamma(gdn, layer.outputs(), variant, gammaScale);
    return new HopperWeights(weights, gamma, scale, bias, beta, medians, factor / output.scale());
  }

  /** What a stored weight of 1 is worth, per output channel. */
  static float[] weightScales(Convolution layer, ActivationType type) {
    float[] scales = HopperConvolution.filled(layer.outputs(), 1);
    if (type != ActivationType.E4M3) {
      return scales;
    }
    for (int o = 0; o < layer.outputs(); o++) {
      float largest = layer.largestWeight(o);
      scales[o] = largest > 0x1p-100f ? largest / Calibration.E4M3_MAX : 1;
    }
    return scales;
  }

  /**
   * A stage of weights.
   *
   * @param chunk of input channels, a line of them each
   * @param row of taps
   * @param column of taps
   */
  private record Stage(int chunk, int row, int column) {}

  /** The stages of a tile of output channels, in the order in which the kernel takes them. */
  private static List<Stage> stages(Convolution layer, int chunks) {
    List<Stage> stages = new ArrayList<>();
    if (layer.transposed()) {
      for (int phase = 0; phase < PHASES; phase++) {
        for (int chunk = 0; chunk < chunks; chunk++) {
          addTaps(stages, chunk, phase, true);
        }
      }
      return stages;
    }
    for (int chunk = 0; chunk < chunks; chunk++) {
      if (layer.stride() == 1) {
        for (int tap = 0; tap < layer.kernel() * layer.kernel(); tap++) {
          stages.add(new Stage(chunk, tap / layer.kernel(), tap % layer.kernel()));
        }
      } else {
        for (int phase = 0; phase < PHASES; phase++) {
          addTaps(stages, chunk, phase, false);
        }
      }
    }
    return stages;
  }

  private static void addTaps(List<Stage> stages, int chunk, int phase, boolean transposed) {
    int py = phase / 2;
    int px = phase % 2;
    for (int y = 0; y < 3 - py; y++) {
      for (int x = 0; x < 3 - px; x++) {
        stages.add(
            transposed
                ? new Stage(chunk, 4 - py - 2 * y, 4 - px - 2 * x)
                : new Stage(chunk, 2 * y + py, 2 * x + px));
      }
    }
  }

  private static byte[] weights(Convolution layer, HopperVariant variant, float[] weightScale) {
    int bytes = variant.input().bytes();
    int lineChannels = LINE / bytes;
    List<Stage> stages = stages(layer, Math.ceilDiv(variant.inputChannels(), lineChannels));
    int width = variant.width();
    byte[] packed = new byte[Math.multiplyExact(width * LINE, variant.tiles() * stages.size())];
    int line = 0;
    for (int tile = 0; tile < variant.tiles(); tile++) {
      for (Stage stage : stages) {
        for (int row = 0; row < width; row++, line += LINE) {
          int output = variant.outputAt(tile * width + row);
          float inverse = output < layer.outputs() ? 1 / weightScale[output] : 1;
          for (int c = 0; c < lineChannels; c++) {
            int channel = stage.chunk() * lineChannels + c;
            float weight = layer.at(output, channel, stage.row(), stage.column());
            put(packed, line + swizzled(row, c * bytes), weight * inverse, bytes);
          }
        }
      }
    }
    return packed;
  }

  private static void put(byte[] to, int at, float value, int bytes) {
    if (bytes == 1) {
      to[at] = E4m3.of(value);
    } else {
      short half = HalfMatrix.half(value);
      to[at] = (byte) half;
      to[at + 1] = (byte) (half >> 8);
    }
  }

  /** Where a byte of a line stands in it. */
  static int swizzled(int row, int b) {
    return (b / 16 ^ row % 8) * 16 + b % 16;
  }

  private static short[] gamma(
      Convolution.Pointwise.Gdn gdn, int channels, HopperVariant variant, float gammaScale) {
    int width = variant.width();
    int chunks = Math.ceilDiv(width, GAMMA_BLOCK);
    short[] packed = new short[width * GAMMA_BLOCK * chunks];
    int at = 0;
    for (int p0 = 0; p0 < width; p0 += GAMMA_BLOCK) {
      int rows = Math.min(GAMMA_BLOCK, width - p0);
      for (int q0 = 0; q0 < chunks * GAMMA_BLOCK; q0 += GAMMA_BLOCK) {
        for (int r = 0; r < rows; r++, at += GAMMA_BLOCK) {
          int i = variant.channelAt(p0 + r);
          for (int q = q0; q < Math.min(width, q0 + GAMMA_BLOCK); q++) {
            int j = variant.channelAt(q);
            if (i < channels && j < channels) {
              packed[at + swizzled(r, (q - q0) * Short.BYTES) / Short.BYTES] =
                  HalfMatrix.half(gdn.gamma()[i * channels + j] * gammaScale);
            }
          }
        }
      }
    }
    return packed;
  }
}
