package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.field.DataType;
import dev.tessera.transform.NaturalLogarithm;
import java.util.Arrays;

/**
 * Steps of equal width of the logarithm: errors bounded by a share of each value's size. 0 stays 0;
 * the number of any other value is one more than that of its logarithm, with the value's sign.
 */
final class LogQuantizer extends BlockQuantizer {
  private final double offset;
  private final double step;
  private final double inverse;
  private final double share;

  LogQuantizer(ChunkFormat format) {
    super(format);
    offset = numbers.offset();
    step = numbers.step();
    inverse = numbers.inverseStep();
    share = numbers.bound();
  }

  @Override
  boolean quantizeBlock(BlockValues values, BlockSite site, int[] q, boolean[] exact) {
    boolean any = false;
    Arrays.fill(exact, false);
    for (int i = 0; i < PLACES; i++) {
      if (!quantizeOne(values, i, q) && site.contains(i)) {
        exact[i] = true;
        any = true;
      }
    }
    return any;
  }

  private boolean quantizeOne(BlockValues values, int i, int[] q) {
    double x = values.values[i];
    q[i] = 0;
    if (x == 0) {
      return true;
    }
    double size = Math.abs(x);
    if (!(size <= Double.MAX_VALUE)) {
      return false;
    }
    double k = Math.rint((NaturalLogarithm.of(size) - offset) * inverse);
    if (!(k >= 0 && k < Bounds.LIMIT)) {
      return false;
    }
    int number = (int) k + 1;
    q[i] = x < 0 ? -number : number;
    double back = restored(q[i]);
    return Bounds.withinShare(error(values, i, back), size, share);
  }

  private double error(BlockValues values, int i, double back) {
    if (type != DataType.INT64) {
      return Math.abs(values.values[i] - BlockValues.converted(type, back));
    }
    long x = values.longs[i];
    long y = BlockValues.toLong(back);
    long difference = Math.max(x, y) - Math.min(x, y); // unsigned
    return difference < 0 ? Double.POSITIVE_INFINITY : difference;
  }

  private double restored(int q) {
    if (q == 0) {
      return 0;
    }
    double size = NaturalLogarithm.inverse(offset + (Math.abs((double) q) - 1) * step);
    return q < 0 ? -size : size;
  }

  @Override
  void restore(int[] q, BlockSite site, BlockValues values) {
    for (int i = 0; i < PLACES; i++) {
      values.values[i] = restored(q[i]);
    }
  }
}
