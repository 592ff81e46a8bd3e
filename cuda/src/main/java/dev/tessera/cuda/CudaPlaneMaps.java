package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import dev.tessera.field.TesseraException;
import dev.tessera.pipeline.ChunkFormat;
import dev.tessera.transform.Normalizer;
import dev.tessera.transform.SliceMap;
import java.lang.foreign.MemorySegment;

/**
 * What a normalizer of slice scope does on each plane of the volumes of a launch: a table in device
 * memory, one entry a plane, volume by volume. Which slice of the field a plane is, its maker
 * knows.
 */
public final class CudaPlaneMaps {
  /** The structure {@code PlaneMap} of field_parameters.cuh. */
  static final int ENTRY_BYTES = 4 * Double.BYTES;

  private CudaPlaneMaps() {}

  /** Whether coders of a format need a table. */
  public static boolean needed(ChunkFormat format) {
    return format.normalizer() != null && format.normalizer().isPerSlice();
  }

  /** Bytes of the table for a geometry. */
  public static long bytes(CudaPipelineGeometry geometry) {
    return (long) geometry.volumes() * geometry.depth() * ENTRY_BYTES;
  }

  /**
   * Writes entries of a table, in host memory.
   *
   * @param table the table
   * @param plane number of the first plane among those of all volumes
   * @param normalizer what is applied
   * @param slice the slice of the field that this plane is; further planes are those after it
   * @param count number of planes
   */
  public static void put(
      MemorySegment table, long plane, Normalizer normalizer, long slice, int count) {
    for (int i = 0; i < count; i++) {
      put(table, (plane + i) * ENTRY_BYTES, normalizer.map(slice + i));
    }
  }

  /** Writes one entry; a scale of 0 marks a flat plane. */
  static void put(MemorySegment table, long at, SliceMap map) {
    double inverseScale = map.scale() == 0 ? 0 : 1 / map.scale();
    double[] entry = {map.offset(), map.width(), map.scale(), inverseScale};
    MemorySegment.copy(entry, 0, table, JAVA_DOUBLE, at, entry.length);
  }

  /**
   * The address of a table; 0 where the format needs none.
   *
   * @throws TesseraException.Invalid if the format needs one and {@code maps} is none for the
   *     geometry
   */
  static long address(ChunkFormat format, CudaPipelineGeometry geometry, DeviceBuffer maps) {
    if (!needed(format)) {
      return 0;
    }
    if (maps == null || maps.bytes() < bytes(geometry)) {
      throw new TesseraException.Invalid(
          "the normalizer "
              + format.normalizer().spec()
              + " needs the limits of all "
              + (long) geometry.volumes() * geometry.depth()
              + " planes");
    }
    return maps.address();
  }
}
