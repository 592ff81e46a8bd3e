package dev.tessera.train.data;

import dev.tessera.field.Shape;

/**
 * A contiguous part of a field along its first axis, which is trained or validated on.
 *
 * @param field the field
 * @param shape the part's shape
 * @param firstVolume its first volume
 * @param volumes number of its volumes
 * @param from first z, y and x in each volume
 * @param extent planes, rows and columns in each volume
 */
record Region(
    CachedField field, Shape shape, long firstVolume, long volumes, long[] from, long[] extent) {
  static Region whole(CachedField field) {
    return part(field, 0, field.shape().dim(0));
  }

  /** The part from one index of the first axis to another, which is left out. */
  static Region part(CachedField field, long first, long end) {
    Volumes all = field.volumes();
    long[] dims = field.shape().dims();
    long volumesPerIndex = dims.length > 3 ? all.count() / dims[0] : 0;
    long[] from = new long[3];
    long[] extent = {all.depth(), all.height(), all.width()};
    if (dims.length <= 3) {
      int axis = 3 - dims.length;
      from[axis] = first;
      extent[axis] = end - first;
    }
    dims[0] = end - first;
    return new Region(
        field,
        Shape.of(dims),
        first * volumesPerIndex,
        dims.length > 3 ? (end - first) * volumesPerIndex : all.count(),
        from,
        extent);
  }

  /**
   * Whether volumes are cut this way for crops of a side: across y and x only where planes are not
   * smaller than those across z, or at least as large as a crop.
   */
  boolean isCut(Orientation orientation, int side) {
    if (orientation == Orientation.Z) {
      return true;
    }
    long needed = Math.min(side, Math.min(extent[1], extent[2]));
    return field.maps(orientation) != null
        && Math.min(extent[orientation.rowAxis()], extent[orientation.columnAxis()]) >= needed;
  }
}
