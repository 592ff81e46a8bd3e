package dev.tessera.io;

import dev.tessera.field.Shape;
import java.util.OptionalDouble;

/**
 * What the user says of a field on the command line, where the file does not say it itself or says
 * otherwise.
 *
 * @param shape extents of raw data; null where not given
 * @param type element type and byte order of raw data; null where not given
 * @param fill fill value that overrides the declared one
 */
public record OpenOptions(Shape shape, RawType type, OptionalDouble fill) {
  /** Nothing said. */
  public static final OpenOptions NONE = new OpenOptions(null, null, OptionalDouble.empty());
}
