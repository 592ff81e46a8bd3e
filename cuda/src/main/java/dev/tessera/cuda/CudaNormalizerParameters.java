package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.transform.NaturalLogarithm;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.NormalizerSpec;
import dev.tessera.transform.SliceMap;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The structure {@code NormalizerParameters} of field_parameters.cuh. */
final class CudaNormalizerParameters {
  static final int BYTES = 384;

  private static final int MOST_STAGES = NormalizerSpec.MAX_STAGES;
  private static final int HIGHEST = 8;
  private static final int MAP = 16;
  private static final int MAPS = MAP + CudaPlaneMaps.ENTRY_BYTES;
  private static final int SCALES = MAPS + Long.BYTES;
  private static final int LOGARITHMS = SCALES + MOST_STAGES * Double.BYTES;
  private static final int KINDS = LOGARITHMS + MOST_STAGES * Double.BYTES;
  private static final int STAGES = KINDS + MOST_STAGES * Integer.BYTES;
  private static final int FLAGS = STAGES + Integer.BYTES;

  private static final int AFFINE = 1;
  private static final int CLAMPS = 2;

  private CudaNormalizerParameters() {}

  /** Writes all but the address of the planes' maps. */
  static void put(MemorySegment block, Normalizer normalizer) {
    block.set(JAVA_DOUBLE, 0, normalizer.lowest());
    block.set(JAVA_DOUBLE, HIGHEST, normalizer.highest());
    List<NormalizerSpec.Stage> stages =
        normalizer.spec().stages().stream().filter(s -> s.kind().pointwise()).toList();
    for (int i = 0; i < stages.size(); i++) {
      double scale = stages.get(i).scale();
      block.set(JAVA_DOUBLE, SCALES + (long) i * Double.BYTES, scale);
      block.set(JAVA_DOUBLE, LOGARITHMS + (long) i * Double.BYTES, NaturalLogarithm.of(scale));
      block.set(JAVA_INT, KINDS + (long) i * Integer.BYTES, code(stages.get(i).kind()));
    }
    block.set(JAVA_INT, STAGES, stages.size());
    int flags = normalizer.clamps() ? CLAMPS : 0;
    if (normalizer.isPerSlice()) {
      flags |= AFFINE;
    } else {
      SliceMap map = normalizer.map(0);
      CudaPlaneMaps.put(block, MAP, map);
      flags |= map.kind() == SliceMap.Kind.IDENTITY ? 0 : AFFINE;
    }
    block.set(JAVA_INT, FLAGS, flags);
  }

  /** Writes the address of the planes' maps; 0 where all planes have the one that stands here. */
  static void putMaps(MemorySegment block, long address) {
    block.set(JAVA_LONG, MAPS, address);
  }

  private static int code(NormalizerSpec.Kind kind) {
    return switch (kind) {
      case LOG10 -> 1;
      case LOG1P -> 2;
      case ASINH -> 3;
      case RANGE, MINMAX, MEANSTD -> throw new IllegalArgumentException(kind + " is affine");
    };
  }
}
