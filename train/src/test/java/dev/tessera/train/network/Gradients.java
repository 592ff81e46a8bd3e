package dev.tessera.train.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.model.Tensor.Floats;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Comparison of gradients with central differences, in float64 on the CPU. */
final class Gradients {
  private static final double STEP = 1e-6;

  private Gradients() {}

  static Tensor random(long seed, double from, double to, long... shape) {
    SplittableRandom random = new SplittableRandom(seed);
    int size = (int) Arrays.stream(shape).reduce(1, Math::multiplyExact);
    return Tensor.create(random.doubles(size, from, to).toArray(), shape);
  }

  static Floats randomFloats(long seed, double from, double to, int... shape) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(from, to);
    }
    return new Floats(shape, values);
  }

  static double[] values(Tensor tensor) {
    Tensor dense = tensor.to(ScalarType.Double).contiguous();
    double[] values = new double[(int) dense.numel()];
    dense.data_ptr_double().get(values);
    return values;
  }

  /** The scalar {@code Σ weights · tensor}: a loss whose gradient is the weights. */
  static double weighted(Tensor tensor, Tensor weights) {
    return tensor.mul(weights).sum().item_double();
  }

  /**
   * Moves every value of a contiguous float64 tensor and compares what the loss does with a
   * gradient.
   */
  static void assertGradient(String what, Tensor point, Tensor gradient, DoubleSupplier loss) {
    assertThat(point.is_contiguous()).as(what).isTrue();
    double[] analytic = values(gradient);
    DoublePointer values = point.data_ptr_double();
    assertThat(analytic).as(what).hasSize((int) point.numel());
    for (int i = 0; i < analytic.length; i++) {
      double value = values.get(i);
      values.put(i, value + STEP);
      double above = loss.getAsDouble();
      values.put(i, value - STEP);
      double below = loss.getAsDouble();
      values.put(i, value);
      double numeric = (above - below) / (2 * STEP);
      assertThat(analytic[i])
          .as("%s, value %d", what, i)
          .isCloseTo(numeric, within(1e-6 * Math.max(1, Math.abs(numeric))));
    }
  }
}
