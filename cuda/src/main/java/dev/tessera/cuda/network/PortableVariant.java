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
  private static final int STAGES = 3;
  private static final int WARPS = 4;
  private static final int ROWS_OF_TWO_TILES = 32;
  private static final int ROWS_OF_ONE_TILE = 16;

  /** Output channels up to which a warp's registers hold the sums of two tiles of 16 pixels. */
  private static final int TWO_TILES = 192;

  private static final int TWO_TILES_SPLIT = 128;

  static PortableVariant of(
      Convolution layer, ActivationType input, LayerOutput output, DeviceTraits device) {
    int channels = Convolution.padded(layer.outputs());
    boolean split = input == ActivationType.FLOAT;
    int warpRows =
        channels <= (split ? TWO_TILES_SPLIT : TWO_TILES) ? ROWS_OF_TWO_TILES : ROWS_OF_ONE_TILE;
    for (int rowBytes = ROW_BYTES; rowBytes >= ROW_BYTES / 2; rowBytes /= 2) {
      for (int stages = STAGES; stages >= 2; stages--) {
        PortableVariant variant =
            of(layer, input, output, channels, rowBytes, WARPS, warpRows, stages);
        if (variant.shared() <= device.sharedPerBlock()) {
          return variant;
        }
      }
    }
    throw new TesseraException.Unsupported(
        "the GPU's shared memory is too small for " + layer.name() + ": use --device cpu");
  }

  private static PortableVariant of(
      Convolution layer,
      ActivationType input,
      LayerOutput output,
      int channels,
      int rowBytes,
      int warps,
      int warpRows,
      int stages) {
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
            "-DCONV_ABSOLUTE=" + (layer.absolute() ? 1 : 0),
            "-DCONV_CHANNELS=" + channels,
            "-DCONV_ROW_BYTES=" + rowBytes,
            "-DCONV_WARPS=" + warps,
            "-DCONV_WARP_ROWS=" + warpRows,
            "-DCONV_STAGES=" + stages,
            "-DCONV_BLOCKS="
                + (warpRows == ROWS_OF_TWO_TILES && channels <= TWO_TILES_SPLIT ? 2 : 1));
    return new PortableVariant(input, channels, rowBytes, warps, warpRows, stages, options);
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
