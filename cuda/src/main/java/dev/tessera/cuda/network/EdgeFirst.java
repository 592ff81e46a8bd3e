package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaDevice;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.KernelSource;
import dev.tessera.cuda.LaunchShape;
import java.util.ArrayList;
import java.util.List;

/**
 * The first layer of g_a: tiles in, activations out. The Java side of edge_first.cu; the structure
 * and the order of weights are those of edge_parameters.cuh.
 */
final class EdgeFirst implements DeviceLayer {
  private static final String FILE = "edge_first.cu";
  private static final int GROUP_THREADS = 128;
  private static final int PAIRS = 13;
  private static final int STRIP = 16;

  private final Convolution layer;
  private final boolean fieldValues;
  private final Variant variant;
  private final int multiprocessors;
  private final Kernel kernel;
  private final DeviceBuffer weights;
  private final DeviceBuffer gamma;
  private final DeviceBuffer bias;
  private final DeviceBuffer beta;
  private final float normScale;
  private final float outputScale;
  private final float weightScale;

  /**
   * What a thread block does at a time.
   *
   * @param rows of the tile of outputs of a group of 128 threads
   * @param gammaShared whether gamma is kept in shared memory
   */
  private record Work(int warpgroups, int rows, boolean gammaShared) {}

  /** The fastest first. */
  private static final List<Work> TRIED =
      List.of(
          new Work(4, 8, true),
          new Work(3, 8, true),
          new Work(2, 8, true),
          new Work(3, 8, false),
          new Work(2, 8, false),
          new Work(1, 8, false),
          new Work(1, 4, false));

  /**
   * How the kernel is compiled.
   *
   * @param shared dynamic shared memory
   */
  private record Variant(Work work, int shared, List<String> options) {}

  /**
   * Uploads the weights.
   *
   * @param scale what a stored activation is worth
   * @param fieldValues whether tiles hold a field's own values, which are normalized when they are
   *     loaded; else float32
   */
  EdgeFirst(
      Uploads uploads, Convolution layer, ActivationType type, float scale, boolean fieldValues) {
    this.layer = layer;
    this.fieldValues = fieldValues;
    CudaDevice device = uploads.stream().context().device();
    multiprocessors = device.multiprocessors();
    variant = variant(layer, type, DeviceTraits.of(device));
    kernel = uploads.stream().context().module(source(variant, fieldValues)).kernel("edge_first");

    int channels = Convolution.padded(layer.outputs());
    EdgeSlots slots = EdgeSlots.of(channels, type);
    boolean split = type == ActivationType.FLOAT;
    // split operands are scaled pixel by pixel
    float squaring =
        !split && layer.then() instanceof Convolution.Pointwise.Gdn gdn
            ? PowersOfTwo.squaring(gdn.beta(), gdn.gamma())
            : 1;
    HalfMatrix matrix =
        HalfMatrix.of(
            weights(layer, slots, squaring, !split), columns(layer.inputs()), split, split);
    weights = uploads.halves(matrix.halves());
    weightScale = 1 / matrix.scale();
    bias = uploads.floats(slots.permute(layer.bias(), squaring, 0));
    outputScale = 1 / scale;
    if (layer.then() instanceof Convolution.Pointwise.Gdn gdn) {
      HalfMatrix norm =
          HalfMatrix.of(slots.permuteSquare(gdn.gamma(), layer.outputs()), channels, true, split);
      gamma = uploads.halves(norm.halves());
      float square = scale * scale;
      normScale = square / norm.scale();
      beta = uploads.floats(slots.permute(gdn.beta(), square * squaring * squaring, 1));
    } else {
      gamma = null;
      beta = null;
      normScale = 1;
    }
  }

  /** Columns of the matrix of weights: pairs of taps, and the bias. */
  static int columns(int inputs) {
    return (2 * PAIRS * inputs + 2 + 15) & -16;
  }

  /**
   * The matrix of weights before it is rounded.
   *
   * @param factor what weights and bias are multiplied by
   * @param withBias whether the bias stands behind the weights, in two parts of float16
   */
  static float[] weights(Convolution layer, EdgeSlots slots, float factor, boolean withBias) {
    int columns = columns(layer.inputs());
    float[] values = new float[slots.channels() * columns];
    for (int slot = 0; slot < slots.channels(); slot++) {
      int output = slots.channelOf(slot);
      int row = slot * columns;
      for (int c = 0; c < layer.inputs(); c++) {
        for (int tap = 0; tap < 2 * PAIRS - 1; tap++) {
          values[row + 2 * PAIRS * c + tap] =
              factor * layer.at(output, c, tapRow(tap), tapColumn(tap));
        }
      }
      if (withBias) {
        float bias = factor * layer.biasAt(output);
        float rounded = Float.float16ToFloat(HalfMatrix.half(bias));
        values[row + 2 * PAIRS * layer.inputs()] = rounded;
        values[row + 2 * PAIRS * layer.inputs() + 1] = bias - rounded;
      }
    }
    return values;
  }

  // columns 0 to 3 of every row of taps in pairs along the row, then the last column downwards
  private static int tapRow(int tap) {
    return tap < 20 ? tap / 4 : tap - 20;
  }

  private static int tapColumn(int tap) {
    return tap < 20 ? tap % 4 : 4;
  }

  /** What is compiled for a layer on a device. */
  static KernelSource source(
      Convolution layer, ActivationType type, DeviceTraits device, boolean fieldValues) {
    return source(variant(layer, type, device), fieldValues);
  }

  private static KernelSource source(Variant variant, boolean fieldValues) {
    KernelSource source = new KernelSource(FILE, variant.options());
    return fieldValues ? source.with("-DFIELD_VALUES=1") : source;
  }

  /** The fastest variant whose shared memory the device has. */
  private static Variant variant(Convolution layer, ActivationType type, DeviceTraits device) {
    return TRIED.stream()
        .filter(tried -> tried.warpgroups() <= mostWarpgroups(layer, type))
        .map(tried -> variant(layer, type, device, tried))
        .filter(variant -> variant.shared() <= device.sharedPerBlock())
        .findFirst()
        .orElseThrow();
  }

  /** Split operands, and many channels, want more registers for each thread. */
  private static int mostWarpgroups(Convolution layer, ActivationType type) {
    return type == ActivationType.FLOAT || layer.outputs() > 128 ? 2 : 4;
  }

  /** Whether a device's shared memory holds the weights. */
  static boolean fits(Convolution layer, ActivationType type, DeviceTraits device) {
    return variant(layer, type, device, TRIED.getLast()).shared() <= device.sharedPerBlock();
  }

  private static Variant variant(
      Convolution layer, ActivationType type, DeviceTraits device, Work work) {
    int warpgroups = work.warpgroups();
    int rows = work.rows();
    boolean gammaShared = work.gammaShared();
    int n = Convolution.padded(layer.outputs());
    int k = columns(layer.inputs());
    int s = type == ActivationType.FLOAT ? 2 : 1;
    int epilogue =
        switch (layer.then()) {
          case Convolution.Pointwise.None _ -> 0;
          case Convolution.Pointwise.Gdn _ -> 1;
          case Convolution.Pointwise.Relu _ -> 2;
        };
    int shared =
        s * n * k * 2
            + (epilogue == 1 && gammaShared ? s * n * n * 2 : 0)
            + 8 * n
            + k * 2
            + warpgroups * (s * layer.inputs() * (rows + 2) * 54 * 4 + 16);
    List<String> options = new ArrayList<>();
    options.add(type.option());
    options.add("-DN=" + n);
    options.add("-DWGMMA=" + (device.hasWgmma() ? 1 : 0));
    options.add("-DC_IN=" + layer.inputs());
    options.add("-DEPILOGUE=" + epilogue);
    options.add("-DWARPGROUPS=" + warpgroups);
    // for want of registers, GDN's input waits for its norm as halves
    options.add("-DHALF_X=" + (warpgroups > 3 ? 1 : 0));
    options.add("-DROWS=" + rows);
    options.add("-DGAMMA_SHARED=" + (gammaShared ? 1 : 0));
    return new Variant(work, shared, options);
  }

  @Override
  public Step plan(Images in, Images out, DeviceBuffer errors) {
    long groups =
        (long) in.tiles()
            * Math.ceilDiv(out.height(), variant.work().rows())
            * Math.ceilDiv(out.width(), STRIP);
    ParameterBlock block =
        new ParameterBlock()
            .add(in.buffer())
            .add(out.buffer())
            .add(weights)
            .add(gamma)
            .add(bias)
            .add(beta)
            .add(groups)
            .add(in.height())
            .add(in.width())
            .add(normScale)
            .add(outputScale)
            .add(weightScale)
            .add(0);
    if (fieldValues) {
      block.addStructure(in.fieldValues());
    }
    long blocks =
        Math.min(multiprocessors, Math.ceilDiv(groups, (long) variant.work().warpgroups()));
    LaunchShape shape =
        LaunchShape.of(blocks, variant.work().warpgroups() * GROUP_THREADS)
            .shared(variant.shared());
    return new Step(
        layer.name(),
        layer.operations(out.pixels()),
        List.of(new Step.Launch(kernel, shape, kernel.arguments().add(block.segment()))));
  }
}
