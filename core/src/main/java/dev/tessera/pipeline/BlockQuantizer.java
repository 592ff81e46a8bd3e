package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.field.DataType;
import dev.tessera.quant.BlockGeometry;
import java.util.Arrays;

/**
 * Values of a block to integers and back, all in natural order. Values that the integers cannot
 * bring back within the bound are marked exact. Every kind computes in binary64, in the order of
 * operations of FORMAT.md, so that all backends give the same integers. For one thread at a time.
 */
abstract sealed class BlockQuantizer
    permits AffineQuantizer,
        IntegerQuantizer,
        LogQuantizer,
        ReferenceQuantizer,
        NormalizedQuantizer {
  final DataType type;
  final Quantization numbers;
  private final boolean hasFill;
  private final long fillBits;
  private final double fillValue;
  private final BlockValues restored;

  BlockQuantizer(ChunkFormat format) {
    type = format.type();
    numbers = format.quantization();
    hasFill = format.fill().isPresent();
    fillBits = format.fill().orElse(0);
    fillValue = type.valueOf(fillBits);
    restored = hasFill ? new BlockValues(type) : null;
  }

  static BlockQuantizer of(ChunkFormat format) {
    if (format.normalizer() != null) {
      return new NormalizedQuantizer(format);
    }
    return switch (format.quantization().requested().kind()) {
      case PWREL -> new LogQuantizer(format);
      case REFERENCE -> new ReferenceQuantizer(format);
      default ->
          format.type() == DataType.INT64
              ? new IntegerQuantizer(format)
              : new AffineQuantizer(format);
    };
  }

  /**
   * Quantizes a block.
   *
   * @param values the block's values
   * @param site the block
   * @param q takes the integers; those of places outside the chunk mean nothing
   * @param exact takes which places are exact, if any are
   * @return whether any place is exact
   */
  final boolean quantize(BlockValues values, BlockSite site, int[] q, boolean[] exact) {
    boolean any = quantizeBlock(values, site, q, exact);
    // a NaN is exact already, and nothing else becomes one
    if (hasFill && !Double.isNaN(fillValue)) {
      any = markFill(values, site, q, exact, any);
    }
    if (any) {
      carry(site, q, exact);
    }
    return any;
  }

  /** As {@link #quantize}, but for the fill value and the integers at exact places. */
  abstract boolean quantizeBlock(BlockValues values, BlockSite site, int[] q, boolean[] exact);

  /** Restores a block's values, not yet converted to the field's type. */
  abstract void restore(int[] q, BlockSite site, BlockValues values);

  private boolean markFill(
      BlockValues values, BlockSite site, int[] q, boolean[] exact, boolean anyBefore) {
    restore(q, site, restored);
    boolean any = anyBefore;
    for (int i = 0; i < PLACES; i++) {
      boolean fill;
      if (type == DataType.INT64) {
        fill = values.longs[i] == fillBits || BlockValues.toLong(restored.values[i]) == fillBits;
      } else {
        fill = isFill(values.values[i]) || isFill(BlockValues.converted(type, restored.values[i]));
      }
      if (fill && site.contains(i)) {
        if (!any) {
          Arrays.fill(exact, false);
          any = true;
        }
        exact[i] = true;
      }
    }
    return any;
  }

  private boolean isFill(double value) {
    // equal numbers may be zeros of different signs
    return value == fillValue && type.bitsOf(value) == fillBits;
  }

  /** Gives exact places the integer of the place before them, so that residuals stay small. */
  private static void carry(BlockSite site, int[] q, boolean[] exact) {
    int run = site.mode().run();
    for (int start = 0; start < BlockGeometry.PLACES; start += run) {
      int last = 0;
      for (int i = start; i < start + run; i++) {
        if (exact[i]) {
          q[i] = last;
        } else {
          last = q[i];
        }
      }
    }
  }
}
