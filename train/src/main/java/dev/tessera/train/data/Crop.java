package dev.tessera.train.data;

/**
 * A crop before it is read: which box of which volume, and how it is turned.
 *
 * @param field the field
 * @param volume the volume
 * @param from first z, y and x of the box
 * @param size planes, rows and columns of the box, along z, y and x
 * @param orientation what the crop's planes, and in this order its rows and columns, lie along
 * @param transposed whether rows and columns change places
 * @param flips whether planes, rows and columns are taken from the far end
 * @param jitter how far towards the crop's own limits its values are spread, 0 to 1
 */
record Crop(
    CachedField field,
    long volume,
    long[] from,
    int[] size,
    Orientation orientation,
    boolean transposed,
    boolean[] flips,
    double jitter) {
  int planes() {
    return size[orientation.axis()];
  }

  int rowAxis() {
    return transposed ? orientation.columnAxis() : orientation.rowAxis();
  }

  int columnAxis() {
    return transposed ? orientation.rowAxis() : orientation.columnAxis();
  }

  /** The number of the plane that comes first, over all volumes. */
  long firstPlane() {
    int axis = orientation.axis();
    return volume * field.volumes().extent(axis) + from[axis];
  }
}
