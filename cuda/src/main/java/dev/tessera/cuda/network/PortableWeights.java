package dev.tessera.cuda.network;

import java.util.Arrays;

/**
 * Constants of a layer in the order of conv_portable_parameters.cuh.
 *
 * @param weights steps of the sum, position by position
 * @param gamma of GDN, float16; null without
 * @param scale per channel: what a sum over stored weights and activations is worth
 * @param bias per channel
 * @param beta of GDN, per channel; null without
 * @param normScale what a sum over stored gammas is worth
 */
record PortableWeights(
    byte[] weights, short[] gamma, float[] scale, float[] bias, float[] beta, float normScale) {
  private static final int GROUP = 16;
  private static final int PHASES = 4;

  static PortableWeights of(Convolution layer, PortableVariant variant, LayerInput input) {
    int channels = variant.channels();
    float[] weightScale = weightScales(layer, input.type());
    float[] scale = new float[channels];
    float[] bias = new float[channels];
    for (int c = 0; c < layer.outputs(); c++) {
      scale[c] = input.scale() * weightScale[c];
      bias[c] = layer.bias()[c];
    }
    byte[] weights = weights(layer, variant, weightScale);
    if (!(layer.then() instanceof Convolution.Pointwise.Gdn gdn)) {
      return new PortableWeights(weights, null, scale, bias, null, 1);
    }
    float[] beta = new float[channels];
    Arrays.fill(beta, 1);
    System.arraycopy(gdn.beta(), 0, beta, 0, layer.outputs());
    float raised = PowersOfTwo.raising(gdn.gamma(), HalfMatrix.RAISED);
    short[] gamma = gamma(gdn, layer.outputs(), variant, raised);
    return new PortableWeights(weights, gamma, scale, bias, beta, 1 / raised);
  }

  /**
   * What a stored weight of 1 is worth: in fp32 a power of two, so that both its parts are exact.
   */
  private static float[] weightScales(Convolution layer, ActivationType type) {
    float[] scales = HopperWeights.weightScales(layer, type);
    if (type == ActivationType.FLOAT) {
      for (int o = 0; o < scales.length; o++) {
        float largest = layer.largestWeight(o);
        scales[o] = 1 / PowersOfTwo.raising(new float[] {largest}, HalfMatrix.RAISED);
      }
    }
    return scales;
  }

  /** The channel, or index of the sum, that stands at a position. */
  static int order(int position) {
    int p = position % GROUP;
    return position - p + 4 * (p % 8 / 2) + 2 * (p / 8) + p % 2;
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
    private final int step;
    private byte[] bytes;
    private int at;

    Packer(PortableVariant variant, float[] weightScale) {
      this.variant = variant;
      this.weightScale = weightScale;
      this.step = variant.rowBytes() / variant.input().bytes();
    }

    /** Room for so many phases of up to so many terms. */
    void reserve(int length, int phases) {
      int steps = Math.ceilDiv(length, step) * phases;
      bytes = new byte[Math.multiplyExact(steps, variant.channels() * variant.rowBytes())];
    }

    /** Adds a phase whose sum has so many terms. */
    void add(int length, Weight weight) {
      boolean split = variant.isSplit();
      for (int first = 0; first < length; first += step) {
        for (int position = 0; position < variant.channels(); position++) {
          int output = order(position);
          float inverse = output < weightScale.length ? 1 / weightScale[output] : 1;
          for (int part = 0; part < (split ? 2 : 1); part++) {
            for (int column = 0; column < step; column++) {
              int k = first + (split ? order(column) : column);
              put(k < length ? weight.at(output, k) * inverse : 0, part);
            }
          }
        }
      }
    }

    private void put(float value, int part) {
      if (variant.input() == ActivationType.E4M3) {
        bytes[at++] = E4m3.of(value);
      } else {
        short half = part(value, part);
        bytes[at++] = (byte) half;
        bytes[at++] = (byte) (half >> 8);
      }
    }
  }

  private static short[] gamma(
      Convolution.Pointwise.Gdn gdn, int outputs, PortableVariant variant, float raised) {
    int channels = variant.channels();
    short[] packed = new short[(variant.isSplit() ? 2 : 1) * channels * channels];
    for (int at = 0; at < packed.length; at++) {
      int i = order(at / channels % channels);
      int j = order(at % channels);
      if (i < outputs && j < outputs) {
        int part = at / (channels * channels);
        packed[at] = part(gdn.gamma()[i * outputs + j] * raised, part);
      }
    }
    return packed;
  }

  /** A value rounded to float16, or what that leaves. */
  private static short part(float value, int part) {
    short high = HalfMatrix.half(value);
    return part == 0 ? high : HalfMatrix.half(value - Float.float16ToFloat(high));
  }
}
