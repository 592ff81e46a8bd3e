package dev.tessera.pipeline;

import static dev.tessera.quant.BlockGeometry.PLACES;

import java.util.Arrays;

/**
 * The quantizer of CompressAI-Science: the field scaled to {@code 2^bits}, then {@code floor(v / (2
 * · bound) + 0.5)} in 16 bits. It promises no bound; only values that are not finite are exact.
 */
final class ReferenceQuantizer extends BlockQuantizer {
  private final double offset;
  private final double scale;
  private final double step;
  private final double inverse;
  private final double inverseScale;

  ReferenceQuantizer(ChunkFormat format) {
    super(format);
    offset = numbers.offset();
    scale = numbers.scale();
    step = numbers.step();
    inverse = numbers.inverseStep();
    inverseScale = 1 / scale;
  }

  @Override
  boolean quantizeBlock(BlockValues values, BlockSite site, int[] q, boolean[] exact) {
    boolean any = false;
    Arrays.fill(exact, false);
    for (int i = 0; i < PLACES; i++) {
      double x = values.values[i];
      double v = (x - offset) * scale;
      double number = Math.floor(v * inverse + 0.5);
      q[i] = (int) Math.max(Short.MIN_VALUE, Math.min(Short.MAX_VALUE, number));
      if (!(Math.abs(x) <= Double.MAX_VALUE) && site.contains(i)) {
        exact[i] = true;
        any = true;
      }
    }
    return any;
  }

  @Override
  void restore(int[] q, BlockSite site, BlockValues values) {
    for (int i = 0; i < PLACES; i++) {
      values.values[i] = offset + q[i] * step * inverseScale;
    }
  }
}
