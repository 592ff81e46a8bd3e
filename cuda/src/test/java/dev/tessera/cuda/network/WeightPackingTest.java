package dev.tessera.cuda.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.cuda.network.Convolution.Pointwise;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Packed weights, read as the kernels read them, give the layer of FORMAT.md. */
class WeightPackingTest {
  private static final int SIDE = 6;
  private static final SplittableRandom RANDOM = new SplittableRandom(5);

  private static float[] uniform(int count, double low, double high) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) RANDOM.nextDouble(low, high);
    }
    return values;
  }

  private static Convolution layer(
      int kernel, int stride, boolean transposed, int inputs, int outputs, String then) {
    float[] weight = uniform(inputs * outputs * kernel * kernel, -0.2, 0.2);
    Pointwise pointwise =
        switch (then) {
          case "gdn", "inverse" ->
              new Pointwise.Gdn(
                  then.equals("inverse"),
                  uniform(outputs, 0.5, 1.5),
                  uniform(outputs * outputs, 0, 0.1));
          case "relu" -> new Pointwise.Relu(0);
          default -> new Pointwise.None();
        };
    return new Convolution(
        "test",
        kernel,
        stride,
        transposed,
        outputs,
        inputs,
        weight,
        uniform(outputs, -0.5, 0.5),
        pointwise);
  }

  private static double[] image(int channels) {
    double[] image = new double[channels * SIDE * SIDE];
    for (int i = 0; i < image.length; i++) {
      image[i] = RANDOM.nextDouble(-1, 1);
    }
    return image;
  }

  private static double tolerance(ActivationType type) {
    return switch (type) {
      case E4M3 -> 0.03;
      case HALF -> 5e-4;
      case FLOAT -> 1e-6;
    };
  }

  private static double distance(double[] found, double[] expected, double factor) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow(found[i] * factor - expected[i], 2);
      norm += expected[i] * expected[i];
    }
    return Math.sqrt(error / norm);
  }

  static Stream<Arguments> portable() {
    Stream.Builder<Arguments> all = Stream.builder();
    for (ActivationType type : ActivationType.values()) {
      all.add(Arguments.of(type, layer(5, 2, false, 24, 40, "gdn")));
      all.add(Arguments.of(type, layer(5, 2, true, 40, 24, "inverse")));
      all.add(Arguments.of(type, layer(5, 2, true, 8, 16, "relu")));
      all.add(Arguments.of(type, layer(3, 1, false, 24, 24, "")));
    }
    return all.build();
  }

  @ParameterizedTest
  @MethodSource
  void portable(ActivationType type, Convolution layer) {
    LayerInput input = new LayerInput(type, type == ActivationType.E4M3 ? 0.25f : 1);
    PortableVariant variant =
        PortableVariant.of(
            layer, type, LayerOutput.activations(type, 1), DeviceTraits.of("sm_90a"));
    PortableWeights packed = PortableWeights.of(layer, variant, input);
    double[] image = image(layer.inputs());
    double[] stored = image.clone();
    for (int i = 0; i < stored.length; i++) {
      stored[i] /= input.scale();
    }
    double[] found = EmulatedKernels.portable(layer, variant, packed, stored, SIDE);
    double[] expected = new ReferenceConvolution(layer).convolve(image, SIDE, SIDE);
    assertThat(distance(found, expected, 1)).isLessThan(tolerance(type));
    if (layer.then() instanceof Pointwise.Gdn gdn) {
      int pixels = layer.outputSide(SIDE) * layer.outputSide(SIDE);
      EmulatedKernels.portableNorm(gdn, variant, packed, found, pixels);
      new ReferenceConvolution(layer).then(expected, pixels);
      assertThat(distance(found, expected, 1)).isLessThan(tolerance(type));
    }
  }

  static Stream<Arguments> hopper() {
    Stream.Builder<Arguments> all = Stream.builder();
    for (ActivationType type : new ActivationType[] {ActivationType.HALF, ActivationType.E4M3}) {
      LayerOutput pixels = LayerOutput.activations(type, type == ActivationType.E4M3 ? 0.5f : 1);
      all.add(Arguments.of(type, layer(5, 2, false, 24, 80, "gdn"), pixels));
      all.add(Arguments.of(type, layer(5, 2, true, 136, 24, "inverse"), pixels));
      all.add(Arguments.of(type, layer(5, 2, true, 72, 40, "relu"), pixels));
      all.add(Arguments.of(type, layer(5, 2, false, 40, 200, ""), LayerOutput.latents()));
      all.add(Arguments.of(type, layer(3, 1, false, 136, 40, "relu"), pixels));
      all.add(
          Arguments.of(type, layer(5, 2, false, 16, 24, ""), LayerOutput.symbols(new float[24])));
    }
    return all.build();
  }

  @ParameterizedTest
  @MethodSource
  void hopper(ActivationType type, Convolution layer, LayerOutput output) {
    LayerInput input = new LayerInput(type, type == ActivationType.E4M3 ? 0.25f : 1);
    HopperVariant variant = HopperVariant.all(layer, type, output).getFirst();
    HopperWeights packed = HopperWeights.of(layer, variant, input, output);
    double[] image = image(layer.inputs());
    double[] stored = image.clone();
    for (int i = 0; i < stored.length; i++) {
      stored[i] /= input.scale();
    }
    double[] found = EmulatedKernels.hopper(layer, variant, packed, stored, SIDE);
    double[] expected = new ReferenceConvolution(layer).run(image, SIDE, SIDE);
    assertThat(distance(found, expected, output.scale())).isLessThan(tolerance(type));
  }
}
