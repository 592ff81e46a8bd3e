package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import java.util.Arrays;

/**
 * Steps of equal width for INT64: arithmetic in binary64 chooses the step, and what it gives back
 * is compared as integers.
 */
final class IntegerQuantizer extends BlockQuantizer {
  private final double offset;
  private final double step;
  private final double inverse;
  private final long bound;

  IntegerQuantizer(ChunkFormat format) {
    super(format);
    offset = numbers.offset();
    step = numbers.step();
    inverse = numbers.inverseStep();
    bound = Bounds.integerBound(numbers.bound());
  }

  @Override
  boolean quantizeBlock(BlockValues values, BlockSite site, int[] q, boolean[] exact) {
    boolean any = false;
    Arrays.fill(exact, false);
    for (int i = 0; i < PLACES; i++) {
      double t = (values.values[i] - offset) * inverse;
      boolean coded = Math.abs(t) < Bounds.LIMIT;
      if (coded) {
        q[i] = (int) Math.rint(t);
        long back = BlockValues.toLong(offset + q[i] * step);
        coded = Bounds.within(values.longs[i], back, bound);
      }
      if (!coded && site.contains(i)) {
        exact[i] = true;
        any = true;
      }
    }
    return any;
  }

  @Override
  void restore(int[] q, BlockSite site, BlockValues values) {
    for (int i = 0; i < PLACES; i++) {
      values.values[i] = offset + q[i] * step;
    }
  }
}
