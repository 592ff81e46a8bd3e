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
  private static final int MOST_STAGES = 4;
  private static final int LEAST_STAGES = 2;
  private static final int ROW_BYTES = 128;
  private static final int WIDE = 128;

  static PortableVariant of(
      Convolution layer, ActivationType input, LayerOutput output, DeviceTraits device) {
    int channels = Convolution.padded(layer.outputs());
    int warpRows = channels <= WIDE && input != ActivationType.FLOAT ? 32 : 16;
    for (int warps : new int[] {8, 4, 2}) {
      for (int rowBytes : new int[] {ROW_BYTES, ROW_BYTES / 2}) {
        for (int stages = MOST_STAGES; stages >= LEAST_STAGES; stages--) {
          PortableVariant variant =
              of(layer, input, output, channels, rowBytes, warps, warpRows, stages);
          if (variant.shared() <= device.sharedPerBlock()) {
            return variant;
          }
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
            "-DCONV_BLOCKS=1",
            "-DCONV_WGMMA=0");
    return new PortableVariant(input, channels, rowBytes, warps, warpRows, stages, options);
  }

  /** Pixels of a block. */
  int blockPixels() {
    return warps * warpRows;
  }

  /** Parts of an operand: float32 is split into two numbers of fewer bits. */
  int parts() {
    return input == ActivationType.FLOAT ? 2 : 1;
  }

  /** Dynamic shared memory of a block. */
  int shared() {
    return stages * (blockPixels() + channels * parts()) * rowBytes + blockPixels() * 12;
  }
}
