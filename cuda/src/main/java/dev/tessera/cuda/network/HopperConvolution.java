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
import java.util.List;

/**
 * A convolution or transposed convolution on sm_90a, with float16 or e4m3 operands. The Java side
 * of conv_hopper.cu; the structure and the order of weights are those of
 * conv_hopper_parameters.cuh.
 */
final class HopperConvolution implements DeviceLayer {
  private static final String FILE = "conv_hopper.cu";
  private static final int THREADS = 128;
  private static final int SHARED = 227 * 1024;
  private static final int TILE_COLUMNS = 8;
  private static final int PATCH_COLUMNS = 10;
  private static final int PATCH_STAGES = 2;
  private static final int MOST_STAGES = 12;
  private static final int ALIGNING = 1024;
  private static final int NUMBERS = 3;
  private static final int BARRIERS = 512;
  private static final int LINE = HopperWeights.LINE;

  private final Convolution layer;
  private final HopperVariant variant;
  private final CudaContext context;
  private final Kernel kernel;
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
    variant = HopperVariant.of(layer, input.type(), output);
    context = uploads.stream().context();
    kernel = context.kernel(FILE, "conv_hopper", variant.options().toArray(String[]::new));
    HopperWeights packed = HopperWeights.of(layer, variant, input, output);
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
    return input != ActivationType.FLOAT
        && layer.kernel() == Convolution.TAPS
        && layer.stride() == 2
        && !layer.absolute();
  }

  /** What is compiled for a layer. */
  static KernelSource source(Convolution layer, ActivationType input, LayerOutput output) {
    return new KernelSource(FILE, HopperVariant.of(layer, input, output).options());
  }

  @Override
  public Step plan(Images in, Images out, DeviceBuffer errors) {
    Images grid = layer.transposed() ? in : out;
    int blocks = variant.blocks();
    int tileRows =
        Math.clamp(Integer.highestOneBit(2 * grid.height() - 1), blocks, TILE_COLUMNS * blocks);
    int tileImages = TILE_COLUMNS * blocks / tileRows;
    int patchBytes =
        roundUp(PATCH_COLUMNS * LINE * tileImages * (tileRows + 2), TensorMap.BYTES * 8);
    int groups = variant.groups();
    int fixed =
        ALIGNING
            + groups * PATCH_STAGES * patchBytes
            + NUMBERS * Float.BYTES * variant.width() * variant.tiles()
            + BARRIERS;
    int weightStages = Math.min(MOST_STAGES, (SHARED - fixed) / variant.stageBytes());
    long pixelTiles =
        (long) Math.ceilDiv(grid.width(), TILE_COLUMNS)
            * Math.ceilDiv(grid.height(), tileRows)
            * Math.ceilDiv(in.tiles(), tileImages);
    long items = Math.ceilDiv(pixelTiles, groups) * variant.tiles() * (layer.transposed() ? 4 : 1);

    ParameterBlock block = new ParameterBlock();
    maps(in, tileRows, tileImages).forEach(block::add);
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
        .add(Integer.numberOfTrailingZeros(tileRows))
        .add(Integer.numberOfTrailingZeros(tileImages))
        .add(patchBytes)
        .add(PATCH_STAGES)
        .add(weightStages);
    LaunchShape shape =
        LaunchShape.of(Math.min(context.device().multiprocessors(), items), (groups + 1) * THREADS)
            .shared(fixed + weightStages * variant.stageBytes());
    return new Step(
        layer.name(),
        layer.operations(grid.pixels()),
        List.of(new Step.Launch(kernel, shape, kernel.arguments().add(block.segment()))));
  }

  /** Four quarters of the input, of every second row and column; where transposed all of it. */
  private List<MemorySegment> maps(Images in, int tileRows, int tileImages) {
    TensorMap.Element element = variant.input().element();
    long pixel = (long) variant.inputChannels() * element.bytes();
    long row = in.width() * pixel;
    long image = in.height() * row;
    int lineChannels = LINE / element.bytes();
    if (layer.transposed()) {
      MemorySegment map =
          TensorMap.tiled(
              context,
              element,
              in.buffer(),
              new long[] {variant.inputChannels(), in.width(), in.tiles(), in.height()},
              new long[] {pixel, image, row},
              new int[] {lineChannels, PATCH_COLUMNS, tileImages, tileRows + 2});
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
                new int[] {lineChannels, PATCH_COLUMNS, tileImages, tileRows + 2 - py}));
      }
    }
    return maps;
  }

  private static int roundUp(int value, int unit) {
    return Math.ceilDiv(value, unit) * unit;
  }

  static float[] filled(int count, float value) {
    float[] values = new float[count];
    Arrays.fill(values, value);
    return values;
  }
}
