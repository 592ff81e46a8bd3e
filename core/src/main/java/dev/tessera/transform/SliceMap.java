package dev.tessera.transform;

/**
 * What a normalizer does to the values of one slice after its pointwise stages, in the numbers that
 * the arithmetic uses: for devices that compute the same bits as {@link Normalizer}.
 *
 * @param kind what it does
 * @param offset of {@link Kind#AFFINE} the number subtracted; of {@link Kind#FLAT} the value that
 *     all normalized values come back as, whatever the pointwise stages
 * @param width of {@link Kind#AFFINE} the divisor
 * @param scale of {@link Kind#AFFINE} the factor before: 1, or 1/4 where limits are so large that
 *     sums could overflow
 */
public record SliceMap(Kind kind, double offset, double width, double scale) {
  static final SliceMap IDENTITY = new SliceMap(Kind.IDENTITY, 0, 1, 1);

  /** Kinds of maps. */
  public enum Kind {
    /** Nothing. */
    IDENTITY,
    /** x → (x·scale − offset) / width, and back (y·width + offset) · (1/scale). */
    AFFINE,
    /** x → 0: the slice has fewer than two different values. */
    FLAT
  }

  static SliceMap of(Affine affine) {
    return new SliceMap(Kind.AFFINE, affine.offset(), affine.width(), affine.scale());
  }

  static SliceMap flat(double value) {
    return new SliceMap(Kind.FLAT, value, 0, 0);
  }
}
