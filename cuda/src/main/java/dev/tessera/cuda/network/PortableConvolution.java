package dev.tessera.cuda.network;

import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.KernelSource;
import dev.tessera.cuda.LaunchShape;
import java.util.List;

/**
 * A convolution or transposed convolution on any device of sm_80 or newer. The Java side of
 * conv_portable.cu; the structure and the order of weights are those of
 * conv_portable_parameters.cuh.
 */
final class PortableConvolution implements DeviceLayer {
  private static final String FILE = "conv_portable.cu";
  private static final int WARP_THREADS = 32;
  private static final int PHASES = 4;

  private final Convolution layer;
  private final PortableVariant variant;
  private final float normScale;
  private final float outputScale;
  private final Kernel kernel;
  private final DeviceBuffer weights;
  private final DeviceBuffer scale;
  private final DeviceBuffer bias;
  private final DeviceBuffer gamma;
  private final DeviceBuffer beta;
  private final DeviceBuffer medians;

  /** Uploads the weights. */
  PortableConvolution(Uploads uploads, Convolution layer, LayerInput input, LayerOutput output) {
    this.layer = layer;
    DeviceTraits device = DeviceTraits.of(uploads.stream().context().device());
    variant = PortableVariant.of(layer, input.type(), output, device);
    kernel =
        uploads.stream()
            .context()
            .kernel(FILE, "conv_portable", variant.options().toArray(String[]::new));
    PortableWeights packed = PortableWeights.of(layer, variant, input);
    normScale = packed.normScale();
    weights = uploads.bytes(packed.weights());
    scale = uploads.floats(packed.scale());
    bias = uploads.floats(packed.bias());
    gamma = packed.gamma() == null ? null : uploads.halves(packed.gamma());
    beta = packed.beta() == null ? null : uploads.floats(packed.beta());
    medians = output.medians() == null ? null : uploads.floats(output.medians());
    outputScale = 1 / output.scale();
  }

  /** What is compiled for a layer on a device. */
  static KernelSource source(
      Convolution layer, ActivationType input, LayerOutput output, DeviceTraits device) {
    return new KernelSource(FILE, PortableVariant.of(layer, input, output, device).options());
  }

  @Override
  public Step plan(Images in, Images out, DeviceBuffer errors) {
    long pixels = layer.transposed() ? in.pixels() : out.pixels();
    ParameterBlock block =
        new ParameterBlock()
            .add(in.buffer())
            .add(out.buffer())
            .add(weights)
            .add(scale)
            .add(bias)
            .add(gamma)
            .add(beta)
            .add(medians)
            .add(errors)
            .add(in.tiles())
            .add(in.height())
            .add(in.width())
            .add(Convolution.padded(layer.inputs()))
            .add(layer.outputs())
            .add(layer.then() instanceof Convolution.Pointwise.Relu relu ? relu.slope() : 0)
            .add(normScale)
            .add(outputScale);
    long blocks =
        Math.ceilDiv(pixels, (long) variant.blockPixels()) * (layer.transposed() ? PHASES : 1);
    LaunchShape shape =
        LaunchShape.of(blocks, WARP_THREADS * variant.warps()).shared(variant.shared());
    return new Step(
        layer.name(),
        layer.operations(pixels),
        List.of(new Step.Launch(kernel, shape, kernel.arguments().add(block.segment()))));
  }
}
