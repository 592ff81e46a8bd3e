package dev.tessera.cli;

import dev.tessera.codec.BoundReport;
import dev.tessera.codec.Codec;
import dev.tessera.field.TesseraException;

/** What commands say and demand of restored values. */
final class Quality {
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
}
