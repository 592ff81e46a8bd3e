package dev.tessera.cuda.network;

import dev.tessera.field.TesseraException;
import java.util.List;

/**
 * How conv_portable.cu is compiled for a layer: conv_portable_parameters.cuh.
 *
 * @param input type of the operands
 * @param channels of the output, padded
 * @param rowBytes of a line of operands in shared memory
 * @param warps of a block
 * @param warpRows pixels of a warp
 * @param stages of the ring in shared memory
 * @param options of the compiler
 */
record PortableVariant(
    ActivationType input,
    int channels,
    int rowBytes,
    int warps,
    int warpRows,
    int stages,
    List<String> options) {
  private static final int ROW_BYTES = 128;

  /** Output channels up to which two blocks, or twelve warps of wgmma, have enough registers. */
  private static final int NARROW = 128;

  /** Output channels up to which a warp has registers for two tiles, or wgmma for any. */
  private static final int MEDIUM = 192;

  /**
   * What a block does at a time.
   *
   * @param blocks that are to fit on a multiprocessor
   */
  private record Work(int warps, int warpRows, int stages, int blocks, boolean wgmma) {}

  /** The fastest variant whose shared memory the device has. */
  static PortableVariant of(
      Convolution layer, ActivationType input, LayerOutput output, DeviceTraits device) {
    Work work = work(Convolution.padded(layer.outputs()), input, device);
    for (int rowBytes = ROW_BYTES; rowBytes >= ROW_BYTES / 2; rowBytes /= 2) {
      for (int stages = work.stages(); stages >= 2; stages--) {
        PortableVariant variant = of(layer, input, output, rowBytes, stages, work);
        if (variant.shared() <= device.sharedPerBlock()) {
          return variant;
        }
      }
    }
    throw new TesseraException.Unsupported(
        "the GPU's shared memory is too small for " + layer.name() + ": use --device cpu");
  }

  /** What was measured fastest on one H200; conv_portable_parameters.cuh has the same table. */
  private static Work work(int channels, ActivationType input, DeviceTraits device) {
    boolean split = input == ActivationType.FLOAT;
    if (split && device.hasWgmma() && channels <= MEDIUM) {
      return channels <= NARROW ? new Work(12, 16, 3, 1, true) : new Work(8, 16, 4, 1, true);
    }
    if (channels <= NARROW) {
      return new Work(4, 32, input == ActivationType.HALF ? 3 : 2, 2, false);
    }
    return channels <= MEDIUM && input == ActivationType.HALF
        ? new Work(4, 32, 2, 1, false)
        : new Work(4, 16, 3, 1, false);
  }

  private static PortableVariant of(
      Convolution layer,
      ActivationType input,
      LayerOutput output,
      int rowBytes,
      int stages,
      Work work) {
    int channels = Convolution.padded(layer.outputs());
    int stored =
        switch (output.form()) {
          case PIXELS -> output.type().ordinal();
          case PLANES -> 3;
          case SYMBOLS -> 4;
        };
    int activation =
        switch (layer.then()) {
          case Convolution.Pointwise.None _ -> 0;
          case Convolution.Pointwise.Gdn gdn -> gdn.inverse() ? 2 : 1;
          case Convolution.Pointwise.Relu _ -> 3;
        };
    List<String> options =
        List.of(
            "-fmad=true",
            "-DCONV_PRECISION=" + input.ordinal(),
            "-DCONV_OUTPUT=" + stored,
            "-DCONV_ACTIVATION=" + activation,
            "-DCONV_TRANSPOSED=" + (layer.transposed() ? 1 : 0),
            "-DCONV_KERNEL=" + layer.kernel(),
            "-DCONV_STRIDE=" + layer.stride(),
            "-DCONV_CHANNELS=" + channels,
            "-DCONV_ROW_BYTES=" + rowBytes,
            "-DCONV_WARPS=" + work.warps(),
            "-DCONV_WARP_ROWS=" + work.warpRows(),
            "-DCONV_STAGES=" + stages,
            "-DCONV_BLOCKS=" + work.blocks(),
            "-DCONV_WGMMA=" + (work.wgmma() ? 1 : 0));
    return new PortableVariant(
        input, channels, rowBytes, work.warps(), work.warpRows(), stages, options);
  }

  /** Pixels of a block. */
  int blockPixels() {
    return warps * warpRows;
  }

  /** Whether operands are pairs of float16: what a float32 is rounded to, and what that leaves. */
  boolean isSplit() {
    return input == ActivationType.FLOAT;
  }

  /** Dynamic shared memory of a block. */
  int shared() {
    return stages * (blockPixels() + channels) * rowBytes + blockPixels() * 12;
  }
}
