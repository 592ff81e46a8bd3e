package dev.tessera.train.data;

/**
 * The kept values of a field: after the normalizer's pointwise stages, NaN where they are missing.
 * Boxes may be read by any number of threads at once.
 */
interface FieldValues {
  /**
   * Reads {@code depth × height × width} values of one volume.
   *
   * @param volume number of the volume
   * @param from first z, y and x
   * @param size planes, rows and columns
   * @param target takes them in C order
   */
  void read(long volume, long[] from, int[] size, float[] target);
}
