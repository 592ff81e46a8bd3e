package dev.tessera.transform;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Layer;
import dev.tessera.model.Model;
import dev.tessera.model.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A convolution, or a transposed one, with the activation after it, as one specified sequence of
 * float32 operations for each output value (docs/FORMAT.md): start at the bias; for each tap by
 * kernel row, kernel column and input channel, ascending, add the rounded product, rounded; taps
 * beyond the input's edge are left out. Java never fuses a product and a sum, and the vectors that
 * the compiler forms lie across output channels, so every value's own sequence stays as it is.
 *
 * <p>Images are {@code height × width × channels} in C order. Immutable, and so safe to share.
 */
final class FixedOrderConvolution {
  /** Input channels of one pass over the accumulators. */
  private static final int UNROLL = 8;

  /** Pixels that use a weight while it is in the cache. */
  private static final int BLOCK = 32;

  /** One place of the kernel, as an offset in the input from where the output pixel's phase is. */
  private record Tap(int row, int column, int firstWeight) {}

  /** The output pixels whose row and column leave these remainders see these taps. */
  private record Phase(int row, int column, List<Tap> taps) {}

  private final int inputs;
  private final int outputs;
  private final int upsampling;
  private final List<Phase> phases;
  private final float[] bias;

  /** Of one tap and one input channel each: the weights of all output channels. */
  private final float[][] weights;

  private final Layer activation;

  private FixedOrderConvolution(
      Tensor.Floats weight, Tensor.Floats bias, int kernel, int upsampling, Layer activation) {
    boolean transposed = upsampling > 1;
    this.inputs = weight.dim(transposed ? 0 : 1);
    this.outputs = weight.dim(transposed ? 1 : 0);
    this.upsampling = upsampling;
    this.bias = bias.values();
    this.activation = activation;
    this.weights = new float[kernel * kernel * inputs][outputs];
    for (int place = 0; place < kernel * kernel; place++) {
      for (int i = 0; i < inputs; i++) {
        float[] row = weights[place * inputs + i];
        for (int o = 0; o < outputs; o++) {
          int first = transposed ? i * outputs + o : o * inputs + i;
          row[o] = weight.values()[first * kernel * kernel + place];
        }
      }
    }
    this.phases = phases(kernel, upsampling, inputs);
  }

  /**
   * Prepares a layer.
   *
   * @param convolution an upsampling or a stride-1 one
   * @param activation what follows it, or null
   * @throws TesseraException.Corrupt if a weight is not finite: the result would depend on the
   *     order in which zeros are skipped
   */
  static FixedOrderConvolution of(Model model, Layer convolution, Layer activation) {
    return switch (convolution) {
      case Layer.Conv conv when conv.stride() == 1 ->
          new FixedOrderConvolution(
              finite(model, conv.name() + ".weight"),
              finite(model, conv.name() + ".bias"),
              conv.kernel(),
              1,
              activation);
      case Layer.ConvTranspose conv when conv.stride() > 1 ->
          new FixedOrderConvolution(
              finite(model, conv.name() + ".weight"),
              finite(model, conv.name() + ".bias"),
              conv.kernel(),
              conv.stride(),
              activation);
      default -> throw new IllegalArgumentException(convolution + " has no fixed order");
    };
  }

  private static Tensor.Floats finite(Model model, String name) {
    Tensor.Floats tensor = model.floats(name);
    for (float value : tensor.values()) {
      if (!Float.isFinite(value)) {
        throw new TesseraException.Corrupt(
            "the model's " + name + " holds a value that is not finite: use another model", -1);
      }
    }
    return tensor;
  }

  // Output row o, input row i and kernel row k meet where o = upsampling · i − kernel / 2 + k for a
  // transposed convolution, and i = o − kernel / 2 + k for an ordinary one
  private static List<Phase> phases(int kernel, int upsampling, int inputs) {
    List<Phase> phases = new ArrayList<>();
    for (int row = 0; row < upsampling; row++) {
      for (int column = 0; column < upsampling; column++) {
        List<Tap> taps = new ArrayList<>();
        for (int ky = 0; ky < kernel; ky++) {
          for (int kx = 0; kx < kernel; kx++) {
            int y = upsampling == 1 ? ky - kernel / 2 : row + kernel / 2 - ky;
            int x = upsampling == 1 ? kx - kernel / 2 : column + kernel / 2 - kx;
            if (Math.floorMod(y, upsampling) == 0 && Math.floorMod(x, upsampling) == 0) {
              taps.add(new Tap(y / upsampling, x / upsampling, (ky * kernel + kx) * inputs));
            }
          }
        }
        phases.add(new Phase(row, column, taps));
      }
    }
    return phases;
  }

  int inputs() {
    return inputs;
  }

  int outputs() {
    return outputs;
  }

  /** How many times larger the output's sides are. */
  int upsampling() {
    return upsampling;
  }

  /** Accumulators of a block of pixels, for one thread at a time. */
  float[][] newAccumulators() {
    return new float[BLOCK][outputs];
  }

  /**
   * Applies the layer.
   *
   * @param input {@code height × width × inputs}
   * @param output receives {@code (height · upsampling) × (width · upsampling) × outputs}
   * @param accumulators of {@link #newAccumulators}
   */
  void run(float[] input, int height, int width, float[] output, float[][] accumulators) {
    int pixels = height * width;
    for (Phase phase : phases) {
      for (int first = 0; first < pixels; first += BLOCK) {
        int count = Math.min(BLOCK, pixels - first);
        for (int p = 0; p < count; p++) {
          System.arraycopy(bias, 0, accumulators[p], 0, outputs);
        }
        for (Tap tap : phase.taps) {
          add(tap, input, height, width, first, count, accumulators);
        }
        for (int p = 0; p < count; p++) {
          int y = (first + p) / width * upsampling + phase.row;
          int x = (first + p) % width * upsampling + phase.column;
          activate(accumulators[p]);
          int to = (y * width * upsampling + x) * outputs;
          System.arraycopy(accumulators[p], 0, output, to, outputs);
        }
      }
    }
  }

  private void add(
      Tap tap, float[] input, int height, int width, int first, int count, float[][] sums) {
    for (int channel = 0; channel < inputs; channel += UNROLL) {
      int weight = tap.firstWeight + channel;
      for (int p = 0; p < count; p++) {
        int y = (first + p) / width + tap.row;
        int x = (first + p) % width + tap.column;
        if (y < 0 || y >= height || x < 0 || x >= width) {
          continue;
        }
        int from = (y * width + x) * inputs + channel;
        if (channel + UNROLL <= inputs) {
          addEight(sums[p], weights, weight, input, from);
        } else {
          for (int i = 0; i < inputs - channel; i++) {
            addOne(sums[p], weights[weight + i], input[from + i]);
          }
        }
      }
    }
  }

  private static void addEight(float[] sums, float[][] weights, int weight, float[] x, int from) {
    addEight(
        sums,
        weights[weight],
        weights[weight + 1],
        weights[weight + 2],
        weights[weight + 3],
        weights[weight + 4],
        weights[weight + 5],
        weights[weight + 6],
        weights[weight + 7],
        x[from],
        x[from + 1],
        x[from + 2],
        x[from + 3],
        x[from + 4],
        x[from + 5],
        x[from + 6],
        x[from + 7],
        sums.length);
  }

  // The compiler makes vectors of this only while each array is a variable indexed from 0
  private static void addEight(
      float[] sums,
      float[] w0,
      float[] w1,
      float[] w2,
      float[] w3,
      float[] w4,
      float[] w5,
      float[] w6,
      float[] w7,
      float x0,
      float x1,
      float x2,
      float x3,
      float x4,
      float x5,
      float x6,
      float x7,
      int outputs) {
    for (int o = 0; o < outputs; o++) {
      float sum = sums[o];
      sum += x0 * w0[o];
      sum += x1 * w1[o];
      sum += x2 * w2[o];
      sum += x3 * w3[o];
      sum += x4 * w4[o];
      sum += x5 * w5[o];
      sum += x6 * w6[o];
      sum += x7 * w7[o];
      sums[o] = sum;
    }
  }

  private static void addOne(float[] sums, float[] w, float x) {
    for (int o = 0; o < sums.length; o++) {
      sums[o] += x * w[o];
    }
  }

  /** ReLU gives +0 for everything that is not above 0, NaN included; leaky ReLU keeps NaN. */
  private void activate(float[] values) {
    switch (activation) {
      case null -> {}
      case Layer.Relu _ -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = values[i] > 0 ? values[i] : 0;
        }
      }
      case Layer.LeakyRelu leaky -> {
        float slope = leaky.slope();
        for (int i = 0; i < values.length; i++) {
          values[i] = values[i] > 0 ? values[i] : values[i] * slope;
        }
      }
      default -> throw new IllegalStateException(activation + " has no fixed order");
    }
  }
}
