package dev.tessera.train.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.entropy.FactorizedDensity;
import dev.tessera.entropy.GaussianTables;
import dev.tessera.model.Architecture;
import dev.tessera.model.Tensor.Floats;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleSupplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** Likelihoods against core's, which builds the tables, and their adjoints in float64. */
class LikelihoodGradientTest {
  private static final int CHANNELS = 2;
  private static final double WEIGHT = 0.7;

  /** A density with every parameter at work. */
  private static Map<String, Floats> density() {
    Map<String, Floats> parameters =
        Initialization.random(Architecture.FACTORIZED, 1, CHANNELS, 1, 11);
    parameters.keySet().removeIf(name -> !name.startsWith("entropy_bottleneck."));
    parameters.keySet().remove(FactorizedLikelihood.QUANTILES);
    Map<String, Floats> ordered = new LinkedHashMap<>();
    for (String list : new String[] {"matrices", "biases", "factors"}) {
      parameters.forEach((name, tensor) -> {
        if (name.contains(list)) {
          float[] values = tensor.values().clone();
          for (int i = 0; i < values.length; i++) {
            values[i] += 0.3f * (float) Math.sin(i + name.hashCode());
          }
          ordered.put(name, new Floats(tensor.shape(), values));
        }
      });
    }
    return ordered;
  }

  private static Tensor scalar(double value) {
    return Tensor.create(value).view(new long[0]);
  }

  @Test
  void factorizedBitsHaveTheGradientOfFiniteDifferences() {
    try (PointerScope scope = new PointerScope();
        ParameterGroup group =
            new ParameterGroup(density(), TorchDevice.cpu().handle(), ScalarType.Double);
        FactorizedLikelihood likelihood = new FactorizedLikelihood(group);
        Tape tape = Tape.recording();
        Tape off = Tape.off()) {
      Tensor values = Gradients.random(1, -12, 12, 2, CHANNELS, 3, 2);
      DoubleSupplier loss =
          () -> {
            try (PointerScope inner = new PointerScope()) {
              likelihood.refresh();
              return WEIGHT * likelihood.bits(values, off).item_double();
            }
          };
      likelihood.refresh();
      likelihood.bits(values, tape);
      Tensor slope = likelihood.bitsBackward(scalar(WEIGHT), tape);

      Gradients.assertGradient("values", values, slope, loss);
      Gradients.assertGradient("parameters", group.values(), group.gradient(), loss);
    }
  }

  @Test
  void factorizedBitsAreThoseOfCore() {
    Map<String, Floats> parameters = density();
    float[][] matrices = list(parameters, "matrices");
    FactorizedDensity core =
        new FactorizedDensity(
            matrices,
            list(parameters, "biases"),
            list(parameters, "factors"),
            new float[3 * CHANNELS]);
    float[] latent = Gradients.randomFloats(2, -6, 6, CHANNELS * 40).values();
    try (PointerScope scope = new PointerScope();
        ParameterGroup group =
            new ParameterGroup(parameters, TorchDevice.cpu().handle(), ScalarType.Float);
        FactorizedLikelihood likelihood = new FactorizedLikelihood(group);
        Tape off = Tape.off()) {
      likelihood.refresh();

      Tensor bits = likelihood.bits(Tensor.create(latent, 1, CHANNELS, 5, 8), off);

      double expected = core.bits(latent, 40);
      assertThat((double) bits.item_float()).isCloseTo(expected, within(1e-4 * expected));
    }
  }

  private static float[][] list(Map<String, Floats> parameters, String list) {
    return parameters.entrySet().stream()
        .filter(entry -> entry.getKey().contains(list))
        .map(entry -> entry.getValue().values())
        .toArray(float[][]::new);
  }

  @Test
  void unlikelyValuesCostTheBoundAndAreStillPulledBackOnBothSides() {
    try (PointerScope scope = new PointerScope();
        ParameterGroup group =
            new ParameterGroup(density(), TorchDevice.cpu().handle(), ScalarType.Float);
        FactorizedLikelihood likelihood = new FactorizedLikelihood(group);
        Tape tape = Tape.recording()) {
      likelihood.refresh();
      Tensor values = Tensor.create(new float[] {-300, 300, 300, -300}, 2, CHANNELS, 1, 1);

      Tensor bits = likelihood.bits(values, tape);
      double[] slope =
          Gradients.values(likelihood.bitsBackward(scalar(1).to(ScalarType.Float), tape));

      assertThat((double) bits.item_float())
          .isCloseTo(4 * -Math.log(FactorizedLikelihood.BOUND) / Math.log(2), within(1e-3));
      assertThat(slope[0]).isNegative();
      assertThat(slope[1]).isPositive();
      assertThat(slope[2]).isPositive();
      assertThat(slope[3]).isNegative();
    }
  }

  @Test
  void gaussianBitsHaveTheGradientOfFiniteDifferences() {
    try (PointerScope scope = new PointerScope();
        Tape tape = Tape.recording();
        Tape off = Tape.off()) {
      Tensor differences = Gradients.random(1, -4, 4, 2, 3, 2, 2);
      Tensor scales = Gradients.random(2, 0.9, 3, 2, 3, 2, 2);
      DoubleSupplier loss =
          () -> {
            try (PointerScope inner = new PointerScope()) {
              return WEIGHT * GaussianLikelihood.bits(differences, scales, off).item_double();
            }
          };
      GaussianLikelihood.bits(differences, scales, tape);
      GaussianLikelihood.Slopes slopes = GaussianLikelihood.bitsBackward(scalar(WEIGHT), tape);

      Gradients.assertGradient("differences", differences, slopes.differences(), loss);
      Gradients.assertGradient("scales", scales, slopes.scales(), loss);
    }
  }

  @Test
  void gaussianBitsAreThoseOfCore() {
    float[] differences = Gradients.randomFloats(1, -4, 4, 50).values();
    float[] scales = Gradients.randomFloats(2, 0.01, 3, 50).values();
    GaussianTables core = GaussianTables.standard();
    double expected = 0;
    for (int i = 0; i < 50; i++) {
      expected -=
          Math.log(Math.max(core.likelihood(differences[i], scales[i]), 1e-9)) / Math.log(2);
    }
    try (PointerScope scope = new PointerScope();
        Tape off = Tape.off()) {
      Tensor bits = GaussianLikelihood.bits(Tensor.create(differences), Tensor.create(scales), off);

      assertThat((double) bits.item_float()).isCloseTo(expected, within(1e-4 * expected));
    }
  }

  @Test
  void scalesBelowTheBoundCountAsTheBoundAndCanOnlyRise() {
    try (PointerScope scope = new PointerScope();
        Tape tape = Tape.recording();
        Tape bounded = Tape.off()) {
      // 0 is likelier with a small scale, 1 with a large one
      Tensor differences = Tensor.create(0.0, 1.0, 0.0, 1.0);
      Tensor scales = Tensor.create(0.05, 0.05, -1.0, -1.0);

      Tensor bits = GaussianLikelihood.bits(differences, scales, tape);
      GaussianLikelihood.Slopes slopes = GaussianLikelihood.bitsBackward(scalar(1), tape);

      Tensor atBound = scales.clamp_min(new org.bytedeco.pytorch.Scalar(0.11));
      assertThat(bits.item_double())
          .isEqualTo(GaussianLikelihood.bits(differences, atBound, bounded).item_double());
      double[] slope = Gradients.values(slopes.scales());
      assertThat(slope[0]).isZero();
      assertThat(slope[2]).isZero();
      assertThat(slope[1]).isNegative();
      assertThat(slope[3]).isNegative();
    }
  }
}
