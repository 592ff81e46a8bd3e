package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import dev.tessera.field.DataType;
import dev.tessera.transform.Normalizer;
import java.util.Arrays;

/**
 * Steps of equal width of what a normalizer makes of the values; the bound holds for the normalized
 * restored value. Values that the normalizer does not accept are exact.
 */
final class NormalizedQuantizer extends BlockQuantizer {
  private final Normalizer normalizer;
  private final double offset;
  private final double step;
  private final double inverse;
  private final double bound;

  // the accepted values of one plane, closed up, with their places
  private final int[] places = new int[PLACES];
  private final double[] normalized = new double[PLACES];
  private final double[] back = new double[PLACES];
  private final boolean[] usable = new boolean[PLACES];

  NormalizedQuantizer(ChunkFormat format) {
    super(format);
    normalizer = format.normalizer();
    offset = numbers.offset();
    step = numbers.step();
    inverse = numbers.inverseStep();
    bound = numbers.bound();
  }

  @Override
  boolean quantizeBlock(BlockValues values, BlockSite site, int[] q, boolean[] exact) {
    boolean any = false;
    Arrays.fill(exact, false);
    int plane = PLACES / site.mode().depth();
    for (int z = 0; z < site.block().depth(); z++) {
      any |= quantizePlane(values.values, z * plane, plane, site, slice(site, z), q, exact);
    }
    return any;
  }

  private boolean quantizePlane(
      double[] x, int start, int length, BlockSite site, long slice, int[] q, boolean[] exact) {
    boolean any = false;
    int count = 0;
    for (int i = start; i < start + length; i++) {
      q[i] = 0;
      if (!site.contains(i)) {
        continue;
      }
      if (normalizer.inDomain(x[i])) {
        normalized[count] = x[i];
        places[count++] = i;
      } else {
        exact[i] = true;
        any = true;
      }
    }
    normalizer.forward(slice, normalized, count);
    for (int k = 0; k < count; k++) {
      double t = (normalized[k] - offset) * inverse;
      usable[k] = Math.abs(t) < Bounds.LIMIT;
      int number = usable[k] ? (int) Math.rint(t) : 0;
      q[places[k]] = number;
      back[k] = offset + number * step;
    }
    normalizer.inverse(slice, back, count);
    for (int k = 0; k < count; k++) {
      back[k] =
          type == DataType.INT64
              ? BlockValues.toLong(back[k])
              : BlockValues.converted(type, back[k]);
      if (!normalizer.inDomain(back[k])) {
        usable[k] = false;
        // anything that can be normalized
        back[k] = x[places[k]];
      }
    }
    normalizer.forward(slice, back, count);
    for (int k = 0; k < count; k++) {
      if (!usable[k] || !Bounds.within(normalized[k], back[k], bound)) {
        exact[places[k]] = true;
        any = true;
      }
    }
    return any;
  }

  private static long slice(BlockSite site, int z) {
    return site.firstSlice() + site.block().z() + z;
  }

  @Override
  void restore(int[] q, BlockSite site, BlockValues values) {
    int plane = PLACES / site.mode().depth();
    for (int z = 0; z < site.block().depth(); z++) {
      for (int i = 0; i < plane; i++) {
        back[i] = offset + q[z * plane + i] * step;
      }
      normalizer.inverse(slice(site, z), back, plane);
      System.arraycopy(back, 0, values.values, z * plane, plane);
    }
  }
}
