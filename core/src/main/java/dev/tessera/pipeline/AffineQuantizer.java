package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import java.util.Arrays;

/**
 * Steps of equal width: absolute bounds, those that are a share of the variable's range, and
 * rounding, for all types that binary64 holds.
 */
final class AffineQuantizer extends BlockQuantizer {
  private final double offset;
  private final double step;
  private final double inverse;
  private final double bound;

  AffineQuantizer(ChunkFormat format) {
    super(format);
    offset = numbers.offset();
    step = numbers.step();
    inverse = numbers.inverseStep();
    bound = numbers.bound();
  }

  @Override
  boolean quantizeBlock(BlockValues values, BlockSite site, int[] q, boolean[] exact) {
    double[] x = values.values;
    boolean within =
        switch (type) {
          case FLOAT32 -> singles(x, q);
          case FLOAT64 -> doubles(x, q);
          default -> integers(x, q);
        };
    return !within && quantizeSingly(x, site, q, exact);
  }

  // The three loops below differ in the conversion alone. They only look at the largest error, so
  // that they are compiled to vector instructions; blocks with any doubt go place by place.

  private boolean singles(double[] x, int[] q) {
    double error = 0;
    double size = 0;
    for (int i = 0; i < PLACES; i++) {
      double t = (x[i] - offset) * inverse;
      double r = Math.rint(t);
      double v = offset + r * step;
      error = Math.max(error, Math.abs(x[i] - (float) v));
      size = Math.max(size, Math.abs(t));
      q[i] = (int) r;
    }
    return size < Bounds.LIMIT && (error < bound || error == 0);
  }

  private boolean doubles(double[] x, int[] q) {
    double error = 0;
    double size = 0;
    for (int i = 0; i < PLACES; i++) {
      double t = (x[i] - offset) * inverse;
      double r = Math.rint(t);
      double v = offset + r * step;
      error = Math.max(error, Math.abs(x[i] - v));
      size = Math.max(size, Math.abs(t));
      q[i] = (int) r;
    }
    return size < Bounds.LIMIT && (error < bound || error == 0);
  }

  private boolean integers(double[] x, int[] q) {
    double error = 0;
    double size = 0;
    double min = type.min();
    double max = type.max();
    for (int i = 0; i < PLACES; i++) {
      double t = (x[i] - offset) * inverse;
      double r = Math.rint(t);
      double v = offset + r * step;
      double back = Math.rint(Math.max(min, Math.min(max, v)));
      error = Math.max(error, Math.abs(x[i] - back));
      size = Math.max(size, Math.abs(t));
      q[i] = (int) r;
    }
    // differences of such integers are exact
    return size < Bounds.LIMIT && error <= bound;
  }

  private boolean quantizeSingly(double[] x, BlockSite site, int[] q, boolean[] exact) {
    boolean any = false;
    Arrays.fill(exact, false);
    for (int i = 0; i < PLACES; i++) {
      double t = (x[i] - offset) * inverse;
      boolean coded = Math.abs(t) < Bounds.LIMIT;
      if (coded) {
        q[i] = (int) Math.rint(t);
        double back = BlockValues.converted(type, offset + q[i] * step);
        coded = Bounds.within(x[i], back, bound);
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
    double[] x = values.values;
    for (int i = 0; i < PLACES; i++) {
      x[i] = offset + q[i] * step;
    }
  }
}
