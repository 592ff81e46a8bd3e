package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tessera.field.DataType;
import dev.tessera.transform.Normalizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What kernels of networks must know of tiles of a field's own values: the structures {@code
 * TileValues} and {@code TilePlane} of field_parameters.cuh.
 */
public final class CudaTileValues {
  /** Bytes of an entry of the table of planes. */
  public static final int PLANE_BYTES = CudaPlaneMaps.ENTRY_BYTES + 2 * Integer.BYTES;

  private static final int PLANES = CudaNormalizerParameters.BYTES;
  private static final int TYPE = PLANES + Long.BYTES;
  private static final int BYTES = TYPE + 2 * Integer.BYTES;

  private CudaTileValues() {}

  /**
   * The structure for a kernel's parameters.
   *
   * @param planes the table of planes on the device, {@code tile × channel}
   */
  public static MemorySegment of(DataType type, Normalizer normalizer, DeviceBuffer planes) {
    MemorySegment block = Arena.ofAuto().allocate(BYTES, Double.BYTES);
    CudaNormalizerParameters.put(block, normalizer);
    block.set(JAVA_LONG, PLANES, planes.address());
    block.set(JAVA_INT, TYPE, CudaPipelineParameters.typeCode(type));
    return block;
  }

  /**
   * Writes an entry of the table of planes, in host memory.
   *
   * @param plane its number
   * @param slice the slice of the field that stands there
   * @param isNormalized whether float32 stand there that are normalized already
   */
  public static void put(
      MemorySegment table, long plane, Normalizer normalizer, long slice, boolean isNormalized) {
    long at = plane * PLANE_BYTES;
    CudaPlaneMaps.put(table, at, normalizer.map(slice));
    table.set(JAVA_INT, at + CudaPlaneMaps.ENTRY_BYTES, isNormalized ? 1 : 0);
  }
}
