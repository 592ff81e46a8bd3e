package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaDevice;
import dev.tessera.cuda.DeviceBuffer;
import dev.tessera.cuda.Kernel;
import dev.tessera.cuda.KernelSource;
import dev.tessera.cuda.LaunchShape;
import java.util.List;

/**
 * The last layer of g_s: activations in, tiles out. The Java side of edge_last.cu; the structure
 * and the order of weights are those of edge_parameters.cuh.
 */
final class EdgeLast implements DeviceLayer {
  private static final String FILE = "edge_last.cu";
  private static final int GROUP_THREADS = 128;
  private static final int MOST_CHANNELS = 4;
  private static final int STRIP_PIXELS = 64;
  private static final int SEGMENT_PIXELS = 62;
  private static final int KERNEL_ROWS = 3;
  private static final int ROWS_READ_TWICE = 2;

  private final Convolution layer;
  private final boolean fieldValues;
  private final Variant variant;
  private final int multiprocessors;
  private final Kernel kernel;
  private final DeviceBuffer weights;
  private final DeviceBuffer bias;
  private final float outputScale;

  /**
   * How the kernel is compiled.
   *
   * @param channels output channels that one launch row makes
   * @param shared dynamic shared memory
   */
  private record Variant(int channels, int warpgroups, int shared, List<String> options) {}

  /**
   * Uploads the weights.
   *
   * @param scale what a stored activation of the input is worth
   * @param fieldValues whether tiles take a field's own values, which are restored when they are
   *     stored; else float32
   */
  EdgeLast(
      Uploads uploads, Convolution layer, ActivationType type, float scale, boolean fieldValues) {
    this.layer = layer;
    this.fieldValues = fieldValues;
    CudaDevice device = uploads.stream().context().device();
    multiprocessors = device.multiprocessors();
    variant = variant(layer, type, DeviceTraits.of(device));
    kernel = uploads.stream().context().module(source(variant, fieldValues)).kernel("edge_last");
    EdgeSlots slots = EdgeSlots.of(Convolution.padded(layer.inputs()), type);
    boolean split = type == ActivationType.FLOAT;
    int matrices = Math.ceilDiv(layer.outputs(), variant.channels());
    float[] all = new float[matrices * rows(variant.channels()) * slots.channels()];
    for (int i = 0; i < matrices; i++) {
      float[] part = weights(layer, slots, i * variant.channels(), variant.channels());
      System.arraycopy(part, 0, all, i * part.length, part.length);
    }
    weights = uploads.halves(pack(all, slots.channels(), matrices, split));
    outputScale = split ? scale / PowersOfTwo.raising(all, HalfMatrix.RAISED) : scale;
    bias = uploads.floats(layer.bias());
  }

  /** One matrix after the other, each with its rest where it is split, all with one scale. */
  private static short[] pack(float[] all, int columns, int matrices, boolean split) {
    HalfMatrix together = HalfMatrix.of(all, columns, split, split);
    if (!split || matrices == 1) {
      return together.halves();
    }
    int each = all.length / matrices;
    short[] ordered = new short[2 * all.length];
    for (int i = 0; i < matrices; i++) {
      System.arraycopy(together.halves(), i * each, ordered, 2 * i * each, each);
      System.arraycopy(together.halves(), all.length + i * each, ordered, (2 * i + 1) * each, each);
    }
    return ordered;
  }

  /** Rows of one of a matrix's three parts: both row parities, channels and columns of taps. */
  private static int partRows(int channels) {
    return (2 * Convolution.TAPS * channels + 15) & -16;
  }

  private static int rows(int channels) {
    return KERNEL_ROWS * partRows(channels);
  }

  /**
   * The matrix of weights for some output channels before it is rounded.
   *
   * @param first the first of them
   * @param channels how many
   */
  static float[] weights(Convolution layer, EdgeSlots slots, int first, int channels) {
    int partRows = partRows(channels);
    float[] values = new float[rows(channels) * slots.channels()];
    for (int b = 0; b < KERNEL_ROWS; b++) {
      for (int parity = 0; parity < 2; parity++) {
        int row = 2 * b + parity;
        for (int c = 0; row < Convolution.TAPS && c < channels; c++) {
          for (int column = 0; column < Convolution.TAPS; column++) {
            int at = b * partRows + (parity * channels + c) * Convolution.TAPS + column;
            for (int slot = 0; slot < slots.channels(); slot++) {
              values[at * slots.channels() + slot] =
                  layer.at(first + c, slots.channelOf(slot), row, column);
            }
          }
        }
      }
    }
    return values;
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

  /** The variant with most threads, and then channels, whose shared memory the device has. */
  private static Variant variant(Convolution layer, ActivationType type, DeviceTraits device) {
    for (int channels = mostChannels(layer); channels >= 1; channels--) {
      for (int warpgroups = mostWarpgroups(type); warpgroups >= 1; warpgroups--) {
        Variant variant = variant(layer, type, device, channels, warpgroups);
        if (variant.shared() <= device.sharedPerBlock()) {
          return variant;
        }
      }
    }
    throw new IllegalArgumentException(layer.name() + " does not fit into shared memory");
  }

  /** Whether a device's shared memory holds the weights. */
  static boolean fits(Convolution layer, ActivationType type, DeviceTraits device) {
    return variant(layer, type, device, 1, 1).shared() <= device.sharedPerBlock();
  }

  /** Wider activations want more registers for each thread. */
  private static int mostWarpgroups(ActivationType type) {
    return switch (type) {
      case FLOAT -> 2;
      case HALF -> 3;
      case E4M3 -> 4;
    };
  }

  private static int mostChannels(Convolution layer) {
    return Math.min(layer.outputs(), MOST_CHANNELS);
  }

  private static Variant variant(
      Convolution layer, ActivationType type, DeviceTraits device, int channels, int warpgroups) {
    int n = Convolution.padded(layer.inputs());
    int s = type == ActivationType.FLOAT ? 2 : 1;
    int shared = s * rows(channels) * n * 2 + warpgroups * 2 * partRows(channels) * 68 * 4;
    return new Variant(
        channels,
        warpgroups,
        shared,
        List.of(
            type.option(),
            "-DN=" + n,
            "-DWGMMA=" + (device.hasWgmma() ? 1 : 0),
            "-DCHANNELS=" + channels,
            "-DWARPGROUPS=" + warpgroups));
  }

  /**
   * Rows of a strip: as few rows as possible for the group of threads that has most to do. Long
   * strips read fewer rows twice, but fill all groups less evenly. Always even: two rows of sums
   * take turns in shared memory, and a strip begins with the one that the strip before did not end
   * with.
   *
   * @param height rows of the input, even
   * @param columns of strips
   */
  static int stripRows(int height, long columns, long groups) {
    int best = height;
    long least = Long.MAX_VALUE;
    for (int down = 1; down <= height / 2; down++) {
      int rows = 2 * Math.ceilDiv(height, 2 * down);
      long strips = columns * Math.ceilDiv(height, rows);
      long cost = Math.ceilDiv(strips, groups) * (rows + ROWS_READ_TWICE);
      if (cost < least) {
        least = cost;
        best = rows;
      }
    }
    return best;
  }

  @Override
  public Step plan(Images in, Images out, DeviceBuffer errors) {
    int height = in.height();
    int width = in.width();
    boolean narrow = width <= STRIP_PIXELS;
    long columns =
        narrow
            ? Math.ceilDiv((long) in.tiles(), STRIP_PIXELS / width)
            : (long) in.tiles() * Math.ceilDiv(width, SEGMENT_PIXELS);
    int stripRows = stripRows(height, columns, (long) multiprocessors * variant.warpgroups());
    long strips = columns * Math.ceilDiv(height, stripRows);
    ParameterBlock block =
        new ParameterBlock()
            .add(in.buffer())
            .add(out.buffer())
            .add(weights)
            .add(bias)
            .add((long) in.tiles())
            .add(strips)
            .add(height)
            .add(width)
            .add(layer.outputs())
            .add(stripRows)
            .add(outputScale)
            .add(0);
    if (fieldValues) {
      block.addStructure(out.fieldValues());
    }
    long blocks = Math.min(multiprocessors, Math.ceilDiv(strips, (long) variant.warpgroups()));
    LaunchShape shape =
        new LaunchShape(
            (int) blocks,
            Math.ceilDiv(layer.outputs(), variant.channels()),
            1,
            variant.warpgroups() * GROUP_THREADS,
            1,
            1,
            variant.shared());
    return new Step(
        layer.name(),
        layer.operations(in.pixels()),
        List.of(new Step.Launch(kernel, shape, kernel.arguments().add(block.segment()))));
  }
}
