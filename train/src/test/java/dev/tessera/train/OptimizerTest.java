package dev.tessera.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.model.Architecture;
import dev.tessera.train.network.ParameterGroup;
import dev.tessera.train.network.TorchDevice;
import dev.tessera.train.network.TrainableModel;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OptimizerTest {
  private TrainableModel model;
  private ParameterGroup group;
  private Optimizer optimizer;

  @BeforeEach
  void open() {
    JavaCppSettings.apply(false);
    model = TrainableModel.random(Architecture.FACTORIZED_RELU, 2, 3, 1, 5, TorchDevice.cpu());
    group = model.auxiliary();
    optimizer = new Optimizer("test", group);
  }

  @AfterEach
  void close() {
    optimizer.close();
    model.close();
  }

  private static float[] array(Tensor tensor) {
    try (PointerScope _ = new PointerScope()) {
      float[] values = new float[(int) tensor.numel()];
      tensor.cpu().data_ptr_float().get(values);
      return values;
    }
  }

  /** Without what lies between parameters, which a checkpoint does not keep. */
  private float[] parameters() {
    return array(group.parameters().values().iterator().next());
  }

  private void gradient(double value) {
    try (PointerScope _ = new PointerScope()) {
      group.gradient().fill_(new Scalar(value));
    }
  }

  private void update(double rate, double clip, double averaging) {
    optimizer.advance(rate, averaging);
    optimizer.update(clip);
  }

  /** Adam as published, in float64, on one parameter. */
  private static double adam(double start, double rate, double... gradients) {
    double value = start;
    double first = 0;
    double second = 0;
    for (int t = 1; t <= gradients.length; t++) {
      double g = gradients[t - 1];
      first = 0.9 * first + 0.1 * g;
      second = 0.999 * second + 0.001 * g * g;
      value -=
          rate
              * (first / (1 - Math.pow(0.9, t)))
              / (Math.sqrt(second / (1 - Math.pow(0.999, t))) + 1e-8);
    }
    return value;
  }

  @Test
  void isAdam() {
    float start = array(group.values())[1];
    double[] gradients = {0.5, -2, 1e-3, 0.25};
    for (double g : gradients) {
      gradient(g);
      update(0.01, 0, 0.999);
    }

    assertThat((double) array(group.values())[1])
        .isEqualTo(adam(start, 0.01, gradients), within(1e-6));
  }

  @Test
  void clipsByTheNormOfAllGradientsTogether() {
    float start = array(group.values())[0];
    double norm = 3 * Math.sqrt((double) group.gradient().numel());
    gradient(3);
    update(0.01, 1.5, 0.999);
    gradient(1e-4);
    update(0.01, 1.5, 0.999);

    assertThat((double) array(group.values())[0])
        .isEqualTo(adam(start, 0.01, 3 * 1.5 / norm, 1e-4), within(1e-6));
  }

  @Test
  void averageFollowsAndSwapsBackExactly() {
    float[] before = array(group.values());
    gradient(1);
    update(0.1, 0, 0.999);
    float[] after = array(group.values());

    optimizer.swapAverage();
    float[] average = array(group.values());
    optimizer.swapAverage();

    assertThat(array(group.values())).isEqualTo(after);
    // one update so far: the average forgets fast, by 1 - (1 + 1) / (10 + 1)
    assertThat((double) average[0])
        .isEqualTo(before[0] + (after[0] - before[0]) * 9 / 11.0, within(1e-5));
  }

  @Test
  void goesOnAfterACheckpointBitByBit() {
    gradient(0.3);
    update(0.01, 1, 0.9);
    optimizer.keepBest();
    CheckpointState state = new CheckpointState();
    optimizer.save(state);
    gradient(-0.7);
    update(0.01, 1, 0.9);
    float[] expected = parameters();
    optimizer.swapAverage();
    float[] expectedAverage = parameters();

    optimizer.restore(state);
    gradient(-0.7);
    update(0.01, 1, 0.9);

    assertThat(parameters()).isEqualTo(expected);
    optimizer.swapAverage();
    assertThat(parameters()).isEqualTo(expectedAverage);
    assertThat(optimizer.finite()).isTrue();
    gradient(Double.NaN);
    update(0.01, 0, 0.999);
    assertThat(optimizer.finite()).isFalse();
  }
}
