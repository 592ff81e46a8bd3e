package dev.tessera.cli;

import dev.tessera.codec.BoundReport;
import dev.tessera.codec.Codec;
import dev.tessera.field.DataType;
import dev.tessera.field.FieldSource;
import dev.tessera.field.Metrics;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** What commands say and demand of restored values. */
final class Quality {
  /** Values looked at in a slice, and slices. */
  private static final long SAMPLE = 1 << 14;

  private static final long SAMPLED_SLICES = 16;

  private Quality() {}

  /**
   * A bound and whether it was kept, as in {@code 0.25 held for all 6000 values, largest 0.249}.
   */
  static String bound(BoundReport bound) {
    String unit = bound.what().equals("error") ? "" : " (" + bound.what() + ")";
    return bound.held()
        ? "%s%s held for all %d values, largest %s"
            .formatted(
                Text.number(bound.bound()), unit, bound.values(), Text.number(bound.largest()))
        : "%s%s missed by %d of %d values, largest %s"
            .formatted(
                Text.number(bound.bound()),
                unit,
                bound.violations(),
                bound.values(),
                Text.number(bound.largest()));
  }

  /**
   * Fails unless special values came back bit by bit and all others within the bound, if the file
   * states one.
   *
   * @throws TesseraException.BoundViolated saying how many did not
   */
  static void requireKept(Codec.Verification verification) {
    if (verification.total().specialsChanged() > 0) {
      throw new TesseraException.BoundViolated(
          verification.total().specialsChanged()
              + " of "
              + verification.total().specials()
              + " special values did not come back exactly");
    }
    if (verification.bound().isPresent() && !verification.bound().get().held()) {
      throw new TesseraException.BoundViolated("the bound " + bound(verification.bound().get()));
    }
  }

  /**
   * Whether, in a sample of the field, everything that is neither its least nor its greatest value
   * lies within one step of the bound: then the bound leaves nothing of it, which nobody wants.
   */
  static boolean differOnlyAtTheEnds(FieldSource source, Metrics metrics, double bound)
      throws IOException {
    Shape shape = source.info().shape();
    DataType type = source.info().type();
    long width = Math.min(shape.width(), SAMPLE);
    long rows = Math.clamp(SAMPLE / width, 1, shape.height());
    MemorySegment box =
        MemorySegment.ofArray(new byte[Math.toIntExact(rows * width * type.bytes())]);
    double least = Double.POSITIVE_INFINITY;
    double greatest = Double.NEGATIVE_INFINITY;
    long slices = Math.min(shape.slices(), SAMPLED_SLICES);
    for (long i = 0; i < slices; i++) {
      long slice = i * shape.slices() / slices;
      source.read(
          slice, (shape.height() - rows) / 2, rows, (shape.width() - width) / 2, width, box);
      for (long at = 0; at < rows * width; at++) {
        double value = type.get(box, at);
        if (value > metrics.min() && value < metrics.max()) {
          least = Math.min(least, value);
          greatest = Math.max(greatest, value);
        }
      }
    }
    return least < greatest && greatest - least <= bound;
  }
}
