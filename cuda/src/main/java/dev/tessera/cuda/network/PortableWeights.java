package dev.tessera.cuda.network;

import java.util.Arrays;

/**
 * Constants of a layer in the order of conv_portable_parameters.cuh.
 *
 * @param weights steps of the sum, position by position
 * @param gamma of GDN; null without
 * @param scale per channel: what a sum over e4m3 operands is worth
 * @param bias per channel
 * @param beta of GDN, per channel; null without
 * @param squareScale what inputs of GDN are multiplied by before they are squared
 * @param normScale what takes the scales of squares and gamma back
 */
record PortableWeights(
    byte[] weights,
    byte[] gamma,
    float[] scale,
    float[] bias,
    float[] beta,
    float squareScale,
    float normScale) {
  private static final int GROUP = 16;
  private static final int GAMMA_BITS = 13;
  private static final int PHASES = 4;
  private static final int TF32_DROPPED = 13;

  static PortableWeights of(Convolution layer, PortableVariant variant, LayerInput input) {
    int channels = variant.channels();
    float[] weightScale = HopperWeights.weightScales(layer, input.type());
    float[] scale = new float[channels];
    float[] bias = new float[channels];
    for (int c = 0; c < layer.outputs(); c++) {
      scale[c] = input.scale() * weightScale[c];
      bias[c] = layer.bias()[c];
    }
    byte[] weights = weights(layer, variant, weightScale);
    if (!(layer.then() instanceof Convolution.Pointwise.Gdn gdn)) {
      return new PortableWeights(weights, null, scale, bias, null, 1, 1);
    }
    float[] beta = HopperConvolution.filled(channels, 1);
    System.arraycopy(gdn.beta(), 0, beta, 0, layer.outputs());
    boolean split = variant.parts() > 1;
    float square = split ? 1 : PowersOfTwo.squaring(gdn.beta(), gdn.gamma(), PowersOfTwo.COARSE);
    float raised = split ? 1 : PowersOfTwo.raising(gdn.gamma(), GAMMA_BITS);
    byte[] gamma = gamma(gdn, layer.outputs(), variant, raised);
    return new PortableWeights(
        weights, gamma, scale, bias, beta, square, 1 / (square * square * raised));
  }

  /** The channel that stands at a position, for output channels. */
  static int outputOrder(int position) {
    int p = position % GROUP;
    return position - p + 4 * (p % 8 / 2) + 2 * (p / 8) + p % 2;
  }

  /** The same for gamma's columns in fp32. */
  static int squareOrder(int position) {
    int p = position % GROUP;
    return position - p + 4 * (p % 4) + 2 * (p / 8) + p % 8 / 4;
  }

  private static byte[] weights(Convolution layer, PortableVariant variant, float[] weightScale) {
    int inputs = Convolution.padded(layer.inputs());
    Packer packer = new Packer(variant, weightScale);
    if (!layer.transposed()) {
      int kernel = layer.kernel();
      packer.reserve(kernel * kernel * inputs, 1);
      packer.add(
          kernel * kernel * inputs,
          (n, k) -> layer.at(n, k % inputs, k / inputs / kernel, k / inputs % kernel));
      return packer.bytes;
    }
    packer.reserve(9 * inputs, PHASES);
    for (int phase = 0; phase < PHASES; phase++) {
      int py = phase / 2;
      int px = phase % 2;
      int across = 3 - px;
      packer.add(
          (3 - py) * across * inputs,
          (n, k) ->
              layer.at(
                  n, k % inputs, py + 2 * (k / inputs / across), px + 2 * (k / inputs % across)));
    }
    return Arrays.copyOf(packer.bytes, packer.at);
  }

  /** A weight of an output channel and an index of the sum. */
  private interface Weight {
    float at(int output, int index);
  }

  /** Writes steps of the sum one after another. */
  private static final class Packer {
    private final PortableVariant variant;
    private final float[] weightScale;
    private byte[] bytes;
    private int at;

    Packer(PortableVariant variant, float[] weightScale) {
      this.variant = variant;
      this.weightScale = weightScale;
    }

    private int stepLength() {
      return variant.rowBytes() / variant.input().bytes();
    }

    private int phaseBytes(int length) {
      int steps = Math.ceilDiv(length, stepLength());
      return Math.multiplyExact(steps * variant.parts(), variant.channels() * variant.rowBytes());
    }

    /** Room for so many phases of up to so many terms. */
    void reserve(int length, int phases) {
      bytes = new byte[Math.multiplyExact(phaseBytes(length), phases)];
    }

    /** Adds a phase whose sum has so many terms. */
    void add(int length, Weight weight) {
      int step = stepLength();
      for (int first = 0; first < length; first += step) {
        for (int part = 0; part < variant.parts(); part++) {
          for (int position = 0; position < variant.channels(); position++) {
            int output = outputOrder(position);
            float inverse = output < weightScale.length ? 1 / weightScale[output] : 1;
            for (int k = first; k < first + step; k++) {
              put(k < length ? weight.at(output, k) * inverse : 0, part);
            }
          }
        }
      }
    }

    private void put(float value, int part) {
      switch (variant.input()) {
        case E4M3 -> bytes[at] = E4m3.of(value);
        case HALF -> putShort(bytes, at, HalfMatrix.half(value));
        case FLOAT -> putFloat(bytes, at, part(value, part));
      }
      at += variant.input().bytes();
    }
  }

  private static byte[] gamma(
      Convolution.Pointwise.Gdn gdn, int outputs, PortableVariant variant, float raised) {
    int channels = variant.channels();
    boolean split = variant.parts() > 1;
    int bytes = split ? Float.BYTES : Short.BYTES;
    byte[] packed = new byte[variant.parts() * channels * channels * bytes];
    int at = 0;
    for (int part = 0; part < variant.parts(); part++) {
      for (int row = 0; row < channels; row++) {
        int i = outputOrder(row);
        for (int column = 0; column < channels; column++, at += bytes) {
          int j = split ? squareOrder(column) : outputOrder(column);
          float value = i < outputs && j < outputs ? gdn.gamma()[i * outputs + j] * raised : 0;
          if (split) {
            putFloat(packed, at, part(value, part));
          } else {
            putShort(packed, at, HalfMatrix.half(value));
          }
        }
      }
    }
    return packed;
  }

  /** A value rounded to the bits that TF32 has, or what that leaves. */
  private static float part(float value, int part) {
    float high = tf32(value);
    return part == 0 ? high : tf32(value - high);
  }

  /** Rounded to 10 bits of mantissa, ties to even. */
  static float tf32(float value) {
    int bits = Float.floatToRawIntBits(value);
    int half = (1 << TF32_DROPPED - 1) - 1 + (bits >>> TF32_DROPPED & 1);
    return Float.intBitsToFloat(bits + half >> TF32_DROPPED << TF32_DROPPED);
  }

  private static void putShort(byte[] to, int at, short value) {
    to[at] = (byte) value;
    to[at + 1] = (byte) (value >> 8);
  }

  private static void putFloat(byte[] to, int at, float value) {
    int bits = Float.floatToRawIntBits(value);
    putShort(to, at, (short) bits);
    putShort(to, at + 2, (short) (bits >> 16));
  }
}
