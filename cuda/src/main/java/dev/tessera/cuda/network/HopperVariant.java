package dev.tessera.cuda.network;

import java.util.ArrayList;
import java.util.List;

/**
 * How conv_hopper.cu is compiled for a layer.
 *
 * @param input type of the operands
 * @param inputChannels padded
 * @param width output channels of a tile
 * @param tiles of output channels
 * @param blocks of 64 pixels of a consumer
 * @param groups consumers of a thread block
 * @param options of the compiler
 */
record HopperVariant(
    ActivationType input,
    int inputChannels,
    int width,
    int tiles,
    int blocks,
    int groups,
    boolean normalizing,
    Store store,
    List<String> options) {
  private static final int WIDE = 128;
  private static final int GAMMA_BLOCK = 64;
  private static final int GROUP_THREADS = 128;
  private static final int BLOCK_PIXELS = 64;

  /** How the output is stored, in the order of CONV_STORE. */
  enum Store {
    HALF,
    E4M3,
    PLANES,
    SYMBOLS;

    static Store of(LayerOutput output) {
      return switch (output.form()) {
        case PIXELS -> output.type() == ActivationType.E4M3 ? E4M3 : HALF;
        case PLANES -> PLANES;
        case SYMBOLS -> SYMBOLS;
      };
    }
  }

  /**
   * What may be fastest for a layer, by the number of pixels. Their weights are the same.
   *
   * @param input type of the operands
   */
  static List<HopperVariant> all(Convolution layer, ActivationType input, LayerOutput output) {
    boolean normalizing = layer.then() instanceof Convolution.Pointwise.Gdn;
    int channels = Convolution.padded(layer.outputs());
    // GDN wants all channels of a pixel in one tile; else tiles that are not too wide
    int tiles = 1;
    while (!normalizing && (channels / tiles > WIDE || channels % (16 * tiles) != 0)) {
      tiles++;
    }
    int width = channels / tiles;
    List<HopperVariant> all = new ArrayList<>();
    if (width <= WIDE && normalizing) {
      all.add(of(layer, input, output, width, 1, 3));
    }
    all.add(of(layer, input, output, width, width <= WIDE ? 2 : 1, 2));
    all.add(of(layer, input, output, width, 1, 1));
    return all;
  }

  private static HopperVariant of(
      Convolution layer,
      ActivationType input,
      LayerOutput output,
      int width,
      int blocks,
      int groups) {
    int inputChannels = Convolution.padded(layer.inputs());
    int tiles = Convolution.padded(layer.outputs()) / width;
    Store store = Store.of(output);
    int activation =
        switch (layer.then()) {
          case Convolution.Pointwise.None _ -> 0;
          case Convolution.Pointwise.Relu relu -> relu.slope() == 0 ? 1 : 4;
          case Convolution.Pointwise.Gdn gdn -> gdn.inverse() ? 3 : 2;
        };
    List<String> options =
        List.of(
            "-fmad=true",
            "-DCONV_KIND=" + (layer.transposed() ? 1 : layer.stride() == 2 ? 0 : 2),
            "-DCONV_E4M3=" + (input == ActivationType.E4M3 ? 1 : 0),
            "-DCONV_INPUT=" + inputChannels,
            "-DCONV_WIDTH=" + width,
            "-DCONV_TILES=" + tiles,
            "-DCONV_BLOCKS=" + blocks,
            "-DCONV_GROUPS=" + groups,
            "-DCONV_ACTIVATION=" + activation,
            "-DCONV_STORE=" + store.ordinal());
    return new HopperVariant(
        input,
        inputChannels,
        width,
        tiles,
        blocks,
        groups,
        layer.then() instanceof Convolution.Pointwise.Gdn,
        store,
        options);
  }

  /** Threads of a block: the consumers, and those that copy. */
  int threads() {
    return (groups + 1) * GROUP_THREADS;
  }

  /** Pixels that a consumer multiplies at a time. */
  int pixels() {
    return BLOCK_PIXELS * blocks;
  }

  /** Bytes of a stage of weights, or of gamma. */
  int stageBytes() {
    return HopperWeights.LINE
        * (normalizing ? Math.ceilDiv(width, GAMMA_BLOCK) * GAMMA_BLOCK : width);
  }

  /** The channel, within its tile, that stands at a position. */
  int channelAt(int position) {
    if (store == Store.PLANES || store == Store.SYMBOLS) {
      return position;
    }
    int start = 0;
    for (int group = store == Store.E4M3 ? 64 : 32; group >= 16; group /= 2) {
      int whole = (width - start) / group * group;
      if (position < start + whole) {
        int at = (position - start) % group;
        return position - at + at % 8 / 2 * (group / 4) + at / 8 * 2 + at % 2;
      }
      start += whole;
    }
    return position;
  }

  /** The output channel that stands at a position of all tiles. */
  int outputAt(int position) {
    return position / width * width + channelAt(position % width);
  }
}
