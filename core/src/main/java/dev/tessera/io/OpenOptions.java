package dev.tessera.io;

import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
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

  /**
   * What was said, as text; each may be null.
   *
   * @param shape as in {@code 512x512x512}
   * @param type as in {@code f32be}
   * @param fill a number, {@code nan} included
   * @throws TesseraException.Invalid if one cannot be read
   */
  public static OpenOptions parse(String shape, String type, String fill) {
    return new OpenOptions(
        shape == null ? null : Shape.parse(shape),
        type == null ? null : RawType.parse(type),
        fill == null ? OptionalDouble.empty() : OptionalDouble.of(number(fill)));
  }

  private static double number(String fill) {
    try {
      return fill.equalsIgnoreCase("nan") ? Double.NaN : Double.parseDouble(fill);
    } catch (NumberFormatException e) {
      throw new TesseraException.Invalid(
          "--fill takes a number, such as -9999 or nan, not '" + fill + "'");
    }
  }
}
