package dev.tessera.cuda.network;

import dev.tessera.cuda.TensorMap;

/**
 * How conv_hopper.cu deals out the pixels of a batch: conv_hopper_parameters.cuh and Items in
 * conv_hopper_geometry.cuh.
 *
 * @param rows of pixels of a consumer's tile, which is 8 pixels wide
 * @param images that a consumer's tile reaches over
 * @param groups of tiles, one tile for each consumer
 * @param phases quarters of the output that are computed by themselves: 4 if transposed, else 1
 */
record HopperTiling(
    HopperVariant variant, int kernel, int rows, int images, long groups, int phases) {
  /** Columns of pixels of a patch: a tile's, and one more on each side. */
  static final int PATCH_COLUMNS = 10;

  /** Patches that a consumer's memory holds. */
  static final int PATCH_STAGES = 2;

  private static final int COLUMNS = 8;
  private static final int SHARED = 227 * 1024;
  private static final int MOST_STAGES = 12;
  private static final int ALIGNING = 1024;
  private static final int NUMBERS = 3;
  private static final int BARRIERS = 512;

  /** Taps of each phase of a transposed convolution. */
  private static final int[] PHASE_TAPS = {9, 6, 6, 4};

  /** Of the rate with several consumers: a single one waits for its own stores and norms. */
  private static final double RATE_OF_ONE = 0.75;

  /** Of the rate with three: transposed convolutions have fewer sums for each store and norm. */
  private static final double RATE_OF_TWO_TRANSPOSED = 0.91;

  /** Likewise with operands of e4m3, whose sums take half the time. */
  private static final double RATE_OF_TWO_TRANSPOSED_E4M3 = 0.83;

  /**
   * A layer's tiling.
   *
   * @param grid the output's sizes; the input's if the layer is transposed
   */
  static HopperTiling of(HopperVariant variant, Convolution layer, Images grid) {
    int tileRows = variant.pixels() / COLUMNS;
    int rows = Math.clamp(Integer.highestOneBit(2 * grid.height() - 1), variant.blocks(), tileRows);
    int images = tileRows / rows;
    long tiles =
        (long) Math.ceilDiv(grid.width(), COLUMNS)
            * Math.ceilDiv(grid.height(), rows)
            * Math.ceilDiv(grid.tiles(), images);
    return new HopperTiling(
        variant,
        layer.kernel(),
        rows,
        images,
        Math.ceilDiv(tiles, variant.groups()),
        layer.transposed() ? PHASE_TAPS.length : 1);
  }

  /** Shares of work that a block takes one after another. */
  private long items() {
    return groups * variant.tiles() * phases;
  }

  /** Blocks of threads. */
  long blocks(int multiprocessors) {
    return Math.min(multiprocessors, items());
  }

  /**
   * How long the block takes that has most to do: products of 64 pixels and a tap, as three
   * consumers would make them. Variants of one layer differ in nothing else.
   */
  double cost(int multiprocessors) {
    long blocks = blocks(multiprocessors);
    long taps = groups / blocks * variant.tiles() * kernel * kernel;
    // what is left is dealt out in single items, the long phases first
    long rest = groups % blocks;
    for (long item = 0; item < rest * variant.tiles() * phases; item += blocks) {
      int phase = (int) (item / rest / variant.tiles());
      taps += phases > 1 ? PHASE_TAPS[phase] : kernel * kernel;
    }
    return taps * variant.groups() * variant.blocks() / rate();
  }

  /** Measured on one H200: conv_hopper.md. */
  private double rate() {
    if (variant.groups() == 1) {
      return RATE_OF_ONE;
    }
    if (phases == 1 || variant.groups() > 2) {
      return 1;
    }
    return variant.input() == ActivationType.E4M3
        ? RATE_OF_TWO_TRANSPOSED_E4M3
        : RATE_OF_TWO_TRANSPOSED;
  }

  int patchBytes() {
    int bytes = PATCH_COLUMNS * HopperWeights.LINE * images * (rows + 2);
    return Math.ceilDiv(bytes, TensorMap.BYTES * 8) * TensorMap.BYTES * 8;
  }

  /** Shared memory beside the weights' stages. */
  private int fixed() {
    return ALIGNING
        + variant.groups() * PATCH_STAGES * patchBytes()
        + NUMBERS * Float.BYTES * variant.width() * variant.tiles()
        + BARRIERS;
  }

  int weightStages() {
    return Math.min(MOST_STAGES, (SHARED - fixed()) / variant.stageBytes());
  }

  /** Dynamic shared memory of a block. */
  int shared() {
    return fixed() + weightStages() * variant.stageBytes();
  }
}
