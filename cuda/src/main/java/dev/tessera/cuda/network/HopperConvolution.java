package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaContext;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.KernelSource;
import dev.tessera.cuda.LaunchShape;
import dev.tessera.cuda.TensorMap;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * A convolution or transposed convolution on sm_90a, with float16 or e4m3 operands. The Java side
 * of conv_hopper.cu; the structure and the order of weights are those of
 * conv_hopper_parameters.cuh. How pixels are dealt out depends on how many there are: the variant
 * is chosen, and compiled if it never was, when a plan is made.
 */
final class HopperConvolution implements DeviceLayer {
  private static final String FILE = "conv_hopper.cu";
  private static final int SIDE_TAPS = 3;

  /** The slope of what the kernel knows as leaky ReLU. */
  private static final float LEAK = 0.01f;

  private static final int PATCH_COLUMNS = HopperTiling.PATCH_COLUMNS;
  private static final int LINE = HopperWeights.LINE;

  private final Convolution layer;
  private final List<HopperVariant> variants;
  private final CudaContext context;
  private final DeviceBuffer weights;
  private final DeviceBuffer gamma;
  private final DeviceBuffer scale;
  private final DeviceBuffer bias;
  private final DeviceBuffer beta;
  private final DeviceBuffer medians;
  private final float factor;

  /**
   * Uploads the weights.
   *
   * @param input what comes in
   * @param output what goes out
   */
  HopperConvolution(Uploads uploads, Convolution layer, LayerInput input, LayerOutput output) {
    this.layer = layer;
    variants = HopperVariant.all(layer, input.type(), output);
    context = uploads.stream().context();
    HopperWeights packed = HopperWeights.of(layer, variants.getFirst(), input, output);
    weights = uploads.bytes(packed.weights());
    gamma = packed.gamma() == null ? null : uploads.halves(packed.gamma());
    scale = uploads.floats(packed.scale());
    bias = uploads.floats(packed.bias());
    beta = packed.beta() == null ? null : uploads.floats(packed.beta());
    medians = output.medians() == null ? null : uploads.floats(packed.medians());
    factor = packed.factor();
  }

  /** Whether the kernel knows such a layer. */
  static boolean fits(Convolution layer, ActivationType input) {
    boolean halving = layer.kernel() == Convolution.TAPS && layer.stride() == 2;
    boolean same = layer.kernel() == SIDE_TAPS && layer.stride() == 1 && !layer.transposed();
    boolean known =
        !(layer.then() instanceof Convolution.Pointwise.Relu(float slope))
            || slope == 0
            || slope == LEAK;
    return input != ActivationType.FLOAT && (halving || same) && known;
  }

  /** What is compiled for a layer. */
  static List<KernelSource> sources(Convolution layer, ActivationType input, LayerOutput output) {
    return HopperVariant.all(layer, input, output).stream()
        .map(variant -> new KernelSource(FILE, variant.options()))
        .toList();
  }

  /** The variants that {@link #plan} chooses among. */
  List<HopperVariant> variants() {
    return variants;
  }

  @Override
  public Step plan(Images in, Images out, DeviceBuffer errors) {
    int multiprocessors = context.device().multiprocessors();
    Images grid = layer.transposed() ? in : out;
    HopperVariant fastest =
        Collections.min(
            variants,
            Comparator.comparingDouble(
                variant -> HopperTiling.of(variant, layer, grid).cost(multiprocessors)));
    return plan(fastest, in, out, errors);
  }

  /** Prepares the launches of one variant. */
  Step plan(HopperVariant variant, Images in, Images out, DeviceBuffer errors) {
    Images grid = layer.transposed() ? in : out;
    HopperTiling tiling = HopperTiling.of(variant, layer, grid);
    Kernel kernel = context.kernel(FILE, "conv_hopper", variant.options().toArray(String[]::new));
    ParameterBlock block = new ParameterBlock();
    maps(variant, tiling, in).forEach(block::add);
    block
        .add(weights)
        .add(gamma)
        .add(scale)
        .add(bias)
        .add(beta)
        .add(medians)
        .add(out.buffer())
        .add(errors)
        .add(factor)
        .add(in.tiles())
        .add(grid.height())
        .add(grid.width())
        .add(layer.outputs())
        .add(Integer.numberOfTrailingZeros(tiling.rows()))
        .add(Integer.numberOfTrailingZeros(tiling.images()))
        .add(tiling.patchBytes())
        .add(HopperTiling.PATCH_STAGES)
        .add(tiling.weightStages());
    LaunchShape shape =
        LaunchShape.of(tiling.blocks(context.device().multiprocessors()), variant.threads())
            .shared(tiling.shared());
    return new Step(
        layer.name(),
        layer.operations(grid.pixels()),
        List.of(new Step.Launch(kernel, shape, kernel.arguments().add(block.segment()))));
  }

  /** Four quarters of the input, of every second row and column; or four times all of it. */
  private List<MemorySegment> maps(HopperVariant variant, HopperTiling tiling, Images in) {
    TensorMap.Element element = variant.input().element();
    long pixel = (long) variant.inputChannels() * element.bytes();
    long row = in.width() * pixel;
    long image = in.height() * row;
    int lineChannels = LINE / element.bytes();
    if (layer.transposed() || layer.stride() == 1) {
      MemorySegment map =
          TensorMap.tiled(
              context,
              element,
              in.buffer(),
              new long[] {variant.inputChannels(), in.width(), in.tiles(), in.height()},
              new long[] {pixel, image, row},
              new int[] {lineChannels, PATCH_COLUMNS, tiling.images(), tiling.rows() + 2});
      return List.of(map, map, map, map);
    }
    List<MemorySegment> maps = new ArrayList<>();
    for (int py = 0; py < 2; py++) {
      for (int px = 0; px < 2; px++) {
        long from = py * row + px * pixel;
        maps.add(
            TensorMap.tiled(
                context,
                element,
                in.buffer().slice(from, in.buffer().bytes() - from),
                new long[] {variant.inputChannels(), in.width() / 2, in.tiles(), in.height() / 2},
                new long[] {2 * pixel, image, 2 * row},
                new int[] {lineChannels, PATCH_COLUMNS, tiling.images(), tiling.rows() + 2 - py}));
      }
    }
    return maps;
  }

  static float[] filled(int count, float value) {
    float[] values = new float[count];
    Arrays.fill(values, value);
    return values;
  }
}
