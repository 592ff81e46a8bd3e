package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.io.IOException;

/**
 * A tensor in a file, its values not read yet: a model's shapes are checked before anything of
 * their size is allocated.
 */
interface StoredTensor {
  /** Type of the values in the file. */
  ScalarType type();

  /** Extents, slowest first; checked by {@link TensorShape#checked}. */
  int[] shape();

  /**
   * Reads the values.
   *
   * @throws TesseraException.Corrupt if the file does not hold them
   */
  Tensor read() throws IOException;
}
