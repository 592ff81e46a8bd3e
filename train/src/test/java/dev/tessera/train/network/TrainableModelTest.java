package dev.tessera.train.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import dev.tessera.field.TesseraException;
import dev.tessera.model.Architecture;
import dev.tessera.model.Model;
import dev.tessera.model.Tensor.Floats;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole models: against CompressAI, against finite differences, to files and back. */
class TrainableModelTest {
  private static final TorchDevice CPU = TorchDevice.cpu();

  /** {@code MSE + 1e-3 · bits}, of a training pass with fixed noise. */
  private static Tensor loss(Forward forward, Tensor tiles) {
    return torch
        .mse_loss(forward.restored(), tiles)
        .add(forward.latentBits().add(forward.sideBits()).mul(new Scalar(1e-3)));
  }

  private static TrainableModel small(Architecture architecture, ScalarType type) {
    Map<String, Floats> tensors = Initialization.random(architecture, 4, 6, 2, 3);
    return new TrainableModel(architecture, tensors, Map.of(), CPU, type);
  }

  @ParameterizedTest
  @EnumSource
  void validationGivesTheBitsAndImagesOfCompressAi(Architecture architecture) throws IOException {
    JsonObject expected = Golden.results(architecture.id());
    JsonObject bits = expected.getAsJsonObject("likelihood_bits");
    try (PointerScope scope = new PointerScope();
        TrainableModel model = TrainableModel.of(Golden.model(architecture.id()), CPU)) {
      Tensor images = Golden.images(architecture.id());
      try (Forward forward = model.validation(images)) {
        double y = bits.get("y").getAsDouble();
        double z = architecture.hasHyperprior() ? bits.get("z").getAsDouble() : 0;
        double mse = expected.get("mse").getAsDouble();
        Tensor restored = Golden.restored(architecture.id());

        assertThat(forward.latentBits().item_double()).isCloseTo(y, within(1e-4 * y));
        assertThat(forward.sideBits().item_double()).isCloseTo(z, within(1e-4 * z));
        assertThat(torch.mse_loss(forward.restored(), images).item_double())
            .isCloseTo(mse, within(1e-4 * mse));
        Tensor clamped = forward.restored().clamp_min(Tensors.ZERO).clamp_max_(Tensors.ONE);
        assertThat(clamped.sub(restored).abs().max().item_double()).isLessThan(1e-4);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aModelThatIsNotTrainedStaysTheSameModel(Architecture architecture) throws IOException {
    Model golden = Golden.model(architecture.id());
    try (TrainableModel model = TrainableModel.of(golden, CPU)) {
      Model again = model.toModel("again", Map.of("normalizer", "minmax:slice"));

      assertThat(again.id()).isEqualTo(golden.id());
      assertThat(again.name()).isEqualTo("again");
      assertThat(again.normalizer()).contains("minmax:slice");
      assertThat(Model.read(again.toBytes(), "read").id()).isEqualTo(golden.id());
      assertThat(again.tensors().keySet()).isEqualTo(golden.tensors().keySet());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aStepAlongAnyDirectionChangesTheLossAsTheGradientSays(Architecture architecture) {
    try (PointerScope scope = new PointerScope();
        TrainableModel model = small(architecture, ScalarType.Double)) {
      Tensor tiles = Gradients.random(1, 0, 1, 2, 2, 64, 64);
      if (architecture.hasHyperprior()) {
        // scales above their bound: below it, what passes back is not the slope, on purpose
        model.parameters().get("h_s.4.bias").add_(Tensors.ONE);
      }
      try (Forward forward = model.training(tiles, 7, ComputeType.FP32)) {
        forward.backward(loss(forward, tiles));
      }
      Tensor values = model.main().values();
      Tensor gradient = model.main().gradient().clone();
      Tensor start = values.clone();
      for (int seed = 0; seed < 3; seed++) {
        Tensor direction = Gradients.random(10 + seed, -1, 1, values.numel());
        DoubleUnaryOperator along =
            distance -> {
              try (PointerScope inner = new PointerScope()) {
                values.copy_(start.add(direction, new Scalar(distance)));
                try (Forward forward = model.training(tiles, 7, ComputeType.FP32)) {
                  return loss(forward, tiles).item_double();
                }
              }
            };
        double step = 1e-6;
        double numeric = (along.applyAsDouble(step) - along.applyAsDouble(-step)) / (2 * step);

        assertThat(gradient.dot(direction).item_double())
            .isCloseTo(numeric, within(1e-5 * Math.max(1, Math.abs(numeric))));
      }
    }
  }

  @Test
  void aSeedDecidesTheNoise() {
    try (PointerScope scope = new PointerScope();
        TrainableModel model = small(Architecture.MEAN_HYPERPRIOR, ScalarType.Float)) {
      Tensor tiles = torch.full(new long[] {1, 2, 64, 64}, new Scalar(0.5));
      try (Forward first = model.training(tiles, 5, ComputeType.FP32);
          Forward other = model.training(tiles, 6, ComputeType.FP32);
          Forward again = model.training(tiles, 5, ComputeType.FP32)) {
        assertThat(again.restored().equal(first.restored())).isTrue();
        assertThat(again.latentBits().item_float()).isEqualTo(first.latentBits().item_float());
        assertThat(again.sideBits().item_float()).isEqualTo(first.sideBits().item_float());
        assertThat(other.restored().equal(first.restored())).isFalse();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void bfloat16GivesNearlyTheSameGradient(Architecture architecture) throws IOException {
    try (PointerScope scope = new PointerScope();
        TrainableModel model = TrainableModel.of(Golden.model(architecture.id()), CPU)) {
      Tensor tiles = Golden.images(architecture.id());
      Tensor exact = gradient(model, tiles, ComputeType.FP32);
      Tensor rounded = gradient(model, tiles, ComputeType.BF16);

      double cosine =
          exact.dot(rounded).item_double()
              / (exact.norm().item_double() * rounded.norm().item_double());

      assertThat(cosine).isGreaterThan(0.99).isLessThan(1);
    }
  }

  private static Tensor gradient(TrainableModel model, Tensor tiles, ComputeType type) {
    try (Forward forward = model.training(tiles, 1, type)) {
      forward.backward(loss(forward, tiles));
      return model.main().gradient().clone();
    }
  }

  @Test
  void fittedQuantilesCutOffTheTailsOfTheDensity() throws IOException {
    try (PointerScope scope = new PointerScope();
        TrainableModel model = TrainableModel.of(Golden.model("mbt2018-mean"), CPU)) {
      Tensor quantiles = model.quantiles().get(FactorizedLikelihood.QUANTILES);
      quantiles.fill_(new Scalar(3));
      double before = model.quantileLoss().item_double();

      model.fitQuantiles();

      assertThat(before).isGreaterThan(10 * model.quantileLoss().item_double());
      // a logit is off by what the last bit of a quantile makes of it
      assertThat(model.quantileLoss().item_double() / quantiles.numel()).isLessThan(1e-4);
      Model fitted = model.toModel("fitted", Map.of());
      Model golden = Golden.model("mbt2018-mean");
      float[] medians = fitted.medians();
      for (int c = 0; c < medians.length; c++) {
        assertThat(medians[c]).isCloseTo(golden.medians()[c], within(0.01f));
      }
    }
  }

  @Test
  void theQuantileLossPullsQuantilesToTheirTargets() {
    try (PointerScope scope = new PointerScope();
        TrainableModel model = small(Architecture.FACTORIZED, ScalarType.Float)) {
      model.fitQuantiles();
      Tensor fitted = model.auxiliary().values().clone();
      model.auxiliary().values().add_(new Scalar(0.5));
      double[] above = slopes(model);
      model.auxiliary().values().sub_(new Scalar(1));
      double[] below = slopes(model);

      assertThat(Arrays.stream(above).filter(s -> s > 0).count()).isEqualTo(3 * 6);
      assertThat(Arrays.stream(below).filter(s -> s < 0).count()).isEqualTo(3 * 6);
      assertThat(fitted.numel()).isEqualTo(model.auxiliary().values().numel());
    }
  }

  private static double[] slopes(TrainableModel model) {
    model.quantileLoss();
    return Gradients.values(model.auxiliary().gradient());
  }

  @Test
  void stateIsExact() {
    try (TrainableModel model = small(Architecture.HYPERPRIOR, ScalarType.Float);
        TrainableModel other = TrainableModel.random(Architecture.HYPERPRIOR, 4, 6, 2, 99, CPU)) {
      Map<String, Floats> state = model.state();
      assertThat(other.toModel("x", Map.of()).id()).isNotEqualTo(model.toModel("x", Map.of()).id());

      other.restore(state);

      assertThat(other.toModel("x", Map.of()).id()).isEqualTo(model.toModel("x", Map.of()).id());
      assertThat(other.main().values().equal(model.main().values())).isTrue();
      assertThat(state.get("g_a.0.weight").values())
          .isEqualTo(
              Initialization.random(Architecture.HYPERPRIOR, 4, 6, 2, 3)
                  .get("g_a.0.weight")
                  .values());
    }
  }

  @Test
  void stateOfAnotherShapeIsRefused() {
    try (TrainableModel model = small(Architecture.FACTORIZED, ScalarType.Float)) {
      Map<String, Floats> state = new HashMap<>(model.state());
      state.put("g_a.0.bias", new Floats(new int[] {5}, new float[5]));

      assertThatThrownBy(() -> model.restore(state))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("g_a.0.bias")
          .hasMessageContaining("[5]");
    }
  }

  @Test
  void aDecodeOnlyModelCannotBeTrained() throws IOException {
    Model golden = Golden.model("bmshj2018-factorized").decodeOnly();

    assertThatThrownBy(() -> TrainableModel.of(golden, CPU))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("decode-only");
  }

  @Test
  void aValidationPassHasNoWayBack() {
    try (PointerScope scope = new PointerScope();
        TrainableModel model = small(Architecture.FACTORIZED, ScalarType.Float)) {
      Tensor tiles = torch.zeros(1, 2, 16, 16);
      try (Forward forward = model.validation(tiles)) {
        assertThatThrownBy(() -> forward.backward(forward.latentBits()))
            .isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @Test
  void unknownDevicesAreRefused() {
    assertThatThrownBy(() -> TorchDevice.of("tpu"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("auto, cpu and cuda");
    assertThat(List.of("cpu", "cuda:0")).contains(TorchDevice.of("auto").toString());
  }
}
