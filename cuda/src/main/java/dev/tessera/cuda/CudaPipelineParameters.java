package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.field.DataType;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.pipeline.Quantization;
import dev.tessera.pipeline.QuantizerSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;

/**
 * The structure {@code PipelineParameters} of pipeline_parameters.cuh: the quantizer's numbers, the
 * cut into chunks, what lets the kernels take their quick path, and the normalizer.
 */
final class CudaPipelineParameters {
  private static final String NORMALIZED = "-DNORMALIZED=1";

  /** The structure without a normalizer, which follows it. */
  private static final int BYTES = 144;

  private static final int VOLUME_STRIDE = 72;
  private static final int CAPACITY = 80;
  private static final int EXTENTS = 88;
  private static final int FLAGS = 140;

  private static final int AFFINE = 0;
  private static final int POINTWISE = 1;
  private static final int REFERENCE = 2;

  private static final int ALIGNED_ROWS = 1;
  private static final int QUICK_AFFINE = 2;
  private static final int QUICK_IDENTITY = 8;
  private static final int NO_OVERFLOW = 16;
  private static final int FILL = 32;

  /** A lane's rows are loaded and stored by the four. */
  private static final int QUAD = 4;

  private static final int QUAD_BYTES = 16;

  private final ChunkFormat format;
  private final MemorySegment block;
  private final int formatFlags;
  private float quickReach;
  private double quickResidual;

  CudaPipelineParameters(ChunkFormat format) {
    this.format = format;
    boolean normalized = format.normalizer() != null;
    block =
        Arena.ofAuto()
            .allocate(BYTES + (normalized ? CudaNormalizerParameters.BYTES : 0), Double.BYTES);
    if (normalized) {
      CudaNormalizerParameters.put(block.asSlice(BYTES), format.normalizer());
    }
    Quantization numbers = format.quantization();
    int flags = flags(format);
    double[] doubles = {
      numbers.offset(),
      numbers.step(),
      1 / numbers.step(),
      numbers.bound(),
      numbers.scale(),
      1 / numbers.scale(),
      quickReach,
      quickResidual
    };
    MemorySegment.copy(doubles, 0, block, JAVA_DOUBLE, 0, doubles.length);
    block.set(JAVA_LONG, (long) doubles.length * Double.BYTES, format.fill().orElse(0));
    formatFlags = flags;
    block.set(JAVA_INT, FLAGS - 12, typeCode(format.type()));
    block.set(JAVA_INT, FLAGS - 8, kindCode(numbers.requested().kind()));
    block.set(JAVA_INT, FLAGS - 4, format.predictor().axes());
  }

  /** A file of kernels as the format needs it: with a normalizer they are other ones. */
  static KernelSource source(String file, ChunkFormat format) {
    return format.normalizer() == null ? KernelSource.of(file) : KernelSource.of(file, NORMALIZED);
  }

  /** Both forms of a file of kernels. */
  static Stream<KernelSource> sources(String file) {
    return Stream.of(KernelSource.of(file), KernelSource.of(file, NORMALIZED));
  }

  /**
   * The structure for one launch; valid until the next.
   *
   * @param maps as {@link CudaPlaneMaps} makes them; null where the format needs none
   */
  MemorySegment of(
      CudaPipelineGeometry geometry,
      int tilesPerChunk,
      DeviceBuffer values,
      DeviceBuffer maps,
      long capacityWords) {
    if (format.normalizer() != null) {
      CudaNormalizerParameters.putMaps(
          block.asSlice(BYTES), CudaPlaneMaps.address(format, geometry, maps));
    }
    boolean aligned =
        geometry.width() % QUAD == 0
            && geometry.chunkWidth() % QUAD == 0
            && geometry.volumeStride() % QUAD == 0
            && values.address() % QUAD_BYTES == 0;
    block.set(JAVA_LONG, VOLUME_STRIDE, geometry.volumeStride());
    block.set(JAVA_LONG, CAPACITY, capacityWords);
    int[] extents = {
      geometry.depth(),
      geometry.height(),
      geometry.width(),
      geometry.chunkDepth(),
      geometry.chunkHeight(),
      geometry.chunkWidth(),
      geometry.chunksZ(),
      geometry.chunksY(),
      geometry.chunksX(),
      tilesPerChunk
    };
    MemorySegment.copy(extents, 0, block, JAVA_INT, EXTENTS, extents.length);
    block.set(JAVA_INT, FLAGS, formatFlags | (aligned ? ALIGNED_ROWS : 0));
    return block;
  }

  /** The number of a type in field_parameters.cuh. */
  static int typeCode(DataType type) {
    return switch (type) {
      case INT8 -> 0;
      case INT16 -> 1;
      case INT32 -> 2;
      case INT64 -> 3;
      case UINT8 -> 4;
      case UINT16 -> 5;
      case UINT32 -> 6;
      case FLOAT32 -> 7;
      case FLOAT64 -> 8;
    };
  }

  private static int kindCode(QuantizerSpec.Kind kind) {
    return switch (kind) {
      case ABS, REL, ROUND -> AFFINE;
      case PWREL -> POINTWISE;
      case REFERENCE -> REFERENCE;
    };
  }

  private int flags(ChunkFormat format) {
    if (format.normalizer() != null) {
      return format.fill().isPresent() ? FILL : 0;
    }
    Quantization numbers = format.quantization();
    boolean affine = kindCode(numbers.requested().kind()) == AFFINE;
    boolean whole = numbers.offset() == 0 && numbers.step() == 1 && numbers.bound() == 0.5;
    int flags = 0;
    if (Math.abs(numbers.offset()) + 0x1p31 * numbers.step() < Float.MAX_VALUE) {
      flags |= NO_OVERFLOW;
    }
    if (affine && format.type() == DataType.FLOAT32 && findQuickReach(numbers, whole)) {
      flags |= QUICK_AFFINE;
    }
    if (affine && format.type() == DataType.INT32 && whole && format.fill().isEmpty()) {
      flags |= QUICK_IDENTITY;
    }
    if (format.fill().isPresent()) {
      flags |= FILL;
      // no value of the quick path may be the fill value or come back as it
      double fill = format.type().valueOf(format.fill().getAsLong());
      if (Math.abs(fill) <= quickReach + 2 * numbers.step()) {
        flags &= ~QUICK_AFFINE;
      }
    }
    return flags;
  }

  /**
   * For which float32 values x the bound holds without a look at the restored value: v, before it
   * is rounded to float32, is at most half a step from x, and rounding errs by at most half an ulp
   * of the largest binade for which the bound leaves room. Sets the reach of |x| and of the
   * distance of x from v in steps.
   */
  private boolean findQuickReach(Quantization numbers, boolean whole) {
    if (whole) {
      // integers come back as they are; |q| stays below 2^30
      quickReach = 0x1p30f - 128;
      quickResidual = 0.75;
      return true;
    }
    double step = numbers.step();
    double room = (2 * numbers.bound() - step) * (1 + 0x1p-20);
    if (!(room >= Float.MIN_VALUE)) {
      return false;
    }
    double ulp = Math.scalb(1.0, Math.getExponent(room));
    double top = Math.min(ulp * 0x1p24, 0x1p127);
    double size = Math.abs(numbers.offset());
    double reach = Math.min(top - step, (0x1p30 - 2) * step - size);
    double symbols = (reach + size) / step;
    // what rounding in binary64 may add, generously
    double residual = (numbers.bound() - ulp / 2 - top * 0x1p-50) / step - symbols * 0x1p-50;
    quickReach = Math.nextDown((float) reach);
    quickResidual = residual;
    return reach > 0 && residual > 0.25;
  }
}
