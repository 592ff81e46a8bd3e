package dev.tessera.transform;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/**
 * A {@link NormalizerSpec} together with the numbers that it found in a field: the map from values
 * to what a model takes, and back. Both directions work on rows of one slice, in place, and give
 * the same bits on every machine. Immutable; any number of threads may share one.
 *
 * <p>{@code minmax} and {@code range} give 0 to 1, and clamp to that before they go back; the
 * others do not clamp. Slices with one value, or none, become 0.
 */
public final class Normalizer {
  private final NormalizerSpec spec;
  private final DataType type;
  private final long slices;
  private final PointwiseChain chain;
  private final boolean clamps;
  private final boolean limits;
  private final FieldRange fieldRange;
  private final Affine fieldAffine;
  private final SliceRanges sliceRanges;

  private Normalizer(
      NormalizerSpec spec,
      DataType type,
      long slices,
      PointwiseChain chain,
      FieldRange fieldRange,
      SliceRanges sliceRanges) {
    this.spec = spec;
    this.type = type;
    this.slices = slices;
    this.chain = chain;
    this.limits = isMinmax(spec);
    this.clamps = limits || chain.range() != null;
    this.fieldRange = fieldRange;
    this.fieldAffine = affineOf(fieldRange);
    this.sliceRanges = sliceRanges;
  }

  private static boolean isMinmax(NormalizerSpec spec) {
    return spec.needsFit() && spec.fittedStage().kind() == NormalizerSpec.Kind.MINMAX;
  }

  private static boolean isPerSlice(NormalizerSpec spec) {
    return spec.needsFit() && spec.fittedStage().scope() == NormalizerSpec.Scope.SLICE;
  }

  /** The map of the whole field, null where it is constant, empty or not measured as a whole. */
  private Affine affineOf(FieldRange range) {
    if (range == null) {
      return chain.range();
    }
    if (range.kind() != FieldRange.Kind.PAIR) {
      return null;
    }
    if (!limits) {
      return Affine.around(range.first(), range.second());
    }
    double low = chain.forward(range.first());
    double high = chain.forward(range.second());
    return low < high ? Affine.between(low, high) : null;
  }

  /**
   * Reads a normalizer back.
   *
   * @param spec what it does
   * @param type the field's element type
   * @param slices the field's number of slices
   * @param parameters what {@link #parameters()} gave
   * @throws TesseraException.Corrupt if the parameters do not belong to such a normalizer
   */
  public static Normalizer read(
      NormalizerSpec spec, DataType type, long slices, byte[] parameters) {
    PointwiseChain chain = new PointwiseChain(spec, type);
    if (isPerSlice(spec)) {
      SliceRanges ranges = SliceRanges.decode(type, slices, parameters);
      return new Normalizer(spec, type, slices, chain, null, ranges);
    }
    if (!spec.needsFit()) {
      if (parameters.length != 0) {
        throw new TesseraException.Corrupt(
            "the normalizer "
                + spec
                + " has no numbers, but "
                + parameters.length
                + " bytes are stored",
            -1);
      }
      return new Normalizer(spec, type, slices, chain, null, null);
    }
    FieldRange range = FieldRange.decode(type, isMinmax(spec), parameters);
    boolean inside = chain.inDomain(range.first()) && chain.inDomain(range.second());
    if (isMinmax(spec) && range.kind() == FieldRange.Kind.PAIR && !inside) {
      throw new TesseraException.Corrupt(
          "the normalizer's stored limits are outside of what "
              + spec
              + " accepts: the file is damaged",
          -1);
    }
    return new Normalizer(spec, type, slices, chain, range, null);
  }

  /** The numbers found in the field, compactly coded; see {@link #read}. */
  public byte[] parameters() {
    if (sliceRanges != null) {
      return sliceRanges.encode(type);
    }
    return fieldRange == null ? new byte[0] : fieldRange.encode(type, limits);
  }

  /** What this normalizer does. */
  public NormalizerSpec spec() {
    return spec;
  }

  /** Whether a value can be normalized: finite, and accepted by every stage. */
  public boolean inDomain(double value) {
    return chain.inDomain(value);
  }

  /** The least value that can be normalized. */
  public double lowest() {
    return chain.lowest();
  }

  /** The greatest value that can be normalized. */
  public double highest() {
    return chain.highest();
  }

  /** Whether slices have maps of their own. */
  public boolean isPerSlice() {
    return sliceRanges != null;
  }

  /** Whether normalized values lie in 0 to 1, and are clamped to that before they go back. */
  public boolean clamps() {
    return clamps;
  }

  /** What happens to the values of a slice after the pointwise stages. */
  public SliceMap map(long slice) {
    Objects.checkIndex(slice, slices);
    if (isFlat(slice)) {
      return SliceMap.flat(flatValue(slice));
    }
    Affine affine = affine(slice);
    return affine == null ? SliceMap.IDENTITY : SliceMap.of(affine);
  }

  /**
   * Normalizes the first {@code count} values of a row, in place.
   *
   * @param slice slice that the values belong to
   * @param values values {@link #inDomain in the domain}
   */
  public void forward(long slice, double[] values, int count) {
    Objects.checkIndex(slice, slices);
    Objects.checkFromIndexSize(0, count, values.length);
    if (isFlat(slice)) {
      Arrays.fill(values, 0, count, 0);
      return;
    }
    chain.forward(values, count);
    Affine affine = affine(slice);
    if (affine != null && clamps) {
      affine.forwardClamped(values, count);
    } else if (affine != null) {
      affine.forward(values, count);
    }
  }

  /**
   * Restores the first {@code count} values of a row from normalized ones, in place. The results
   * are finite where the normalized values are not NaN; they are not rounded to the field's type.
   */
  public void inverse(long slice, double[] values, int count) {
    Objects.checkIndex(slice, slices);
    Objects.checkFromIndexSize(0, count, values.length);
    if (isFlat(slice)) {
      Arrays.fill(values, 0, count, flatValue(slice));
      return;
    }
    Affine affine = affine(slice);
    if (affine != null && clamps) {
      affine.inverseClamped(values, count);
    } else if (affine != null) {
      affine.inverse(values, count);
    }
    chain.inverse(values, count);
  }

  /** Whether a slice has fewer than two different values (after the pointwise stages). */
  private boolean isFlat(long slice) {
    if (sliceRanges != null) {
      return sliceRanges.isEmpty((int) slice) || sliceRanges.isConstant((int) slice);
    }
    return fieldRange != null && fieldAffine == null;
  }

  private double flatValue(long slice) {
    if (sliceRanges != null) {
      return sliceRanges.isConstant((int) slice) ? sliceRanges.constant((int) slice) : 0;
    }
    return fieldRange.first();
  }

  private Affine affine(long slice) {
    return sliceRanges != null ? sliceRanges.affine((int) slice) : fieldAffine;
  }

  /** What a part of a slice adds to a {@link Fit}. */
  public static final class Measured {
    private final long slice;
    private final int count;
    private final double low;
    private final double high;
    // of the values after the pointwise stages; null where they are not needed
    private final SampleMoments.Piece moments;

    private Measured(long slice, int count, double low, double high, SampleMoments.Piece moments) {
      this.slice = slice;
      this.count = count;
      this.low = low;
      this.high = high;
      this.moments = moments;
    }
  }

  /**
   * Measures a field, part by part, in any order of slices. Parts may be {@linkplain #measure
   * measured} by any threads; the rest is for one thread at a time.
   */
  public static final class Fit {
    private final NormalizerSpec spec;
    private final DataType type;
    private final long slices;
    private final PointwiseChain chain;
    private final boolean perSlice;
    private final double[] least;
    private final double[] greatest;
    private final SampleMoments[] moments;

    Fit(NormalizerSpec spec, DataType type, long slices) {
      this.spec = spec;
      this.type = type;
      this.slices = slices;
      this.chain = new PointwiseChain(spec, type);
      this.perSlice = isPerSlice(spec);
      if (perSlice && slices > SliceRanges.MAX_SLICES) {
        throw new TesseraException.Unsupported(
            "the normalizer "
                + spec
                + " measures at most "
                + SliceRanges.MAX_SLICES
                + " slices one by one, not "
                + slices
                + ": measure the field as a whole (:field)");
      }
      int entries = perSlice ? (int) slices : spec.needsFit() ? 1 : 0;
      least = new double[entries];
      greatest = new double[entries];
      Arrays.fill(least, Double.POSITIVE_INFINITY);
      Arrays.fill(greatest, Double.NEGATIVE_INFINITY);
      moments = new SampleMoments[isMinmax(spec) ? 0 : entries];
      Arrays.setAll(moments, i -> new SampleMoments());
    }

    /** Whether a value can be normalized, and so be measured. */
    public boolean inDomain(double value) {
      return chain.inDomain(value);
    }

    /**
     * Takes the first {@code count} of {@code values} into account; they are not changed.
     *
     * @param slice slice that they belong to
     * @param values values {@link #inDomain in the domain}; masked ones left out
     */
    public void accept(long slice, double[] values, int count) {
      accept(measure(slice, values, count));
    }

    /** The first half of {@link #accept(long, double[], int)}, for any thread. */
    public Measured measure(long slice, double[] values, int count) {
      Objects.checkIndex(slice, slices);
      Objects.checkFromIndexSize(0, count, values.length);
      double low = Double.POSITIVE_INFINITY;
      double high = Double.NEGATIVE_INFINITY;
      if (!spec.needsFit() || count == 0) {
        return new Measured(slice, 0, low, high, null);
      }
      for (int i = 0; i < count; i++) {
        low = Math.min(low, values[i]);
        high = Math.max(high, values[i]);
      }
      if (!chain.inDomain(low) || !chain.inDomain(high)) {
        throw new TesseraException.Invalid(
            "slice " + slice + " has values that " + spec + " does not accept: mask them first");
      }
      if (moments.length == 0) {
        return new Measured(slice, count, low, high, null);
      }
      double[] row = Arrays.copyOf(values, count);
      chain.forward(row, count);
      return new Measured(slice, count, low, high, SampleMoments.measure(row, count));
    }

    /** The second half: the order of parts decides about last digits of means. */
    public void accept(Measured part) {
      if (part.count == 0) {
        return;
      }
      int entry = perSlice ? (int) part.slice : 0;
      least[entry] = Math.min(least[entry], part.low);
      greatest[entry] = Math.max(greatest[entry], part.high);
      if (part.moments != null) {
        moments[entry].add(part.moments);
      }
    }

    /** The normalizer of what was seen. */
    public Normalizer finish() {
      return finish(spec, chain);
    }

    /**
     * The normalizer that has a pointwise stage more, which accepts all that was seen, before a
     * {@code minmax} alone: limits of values are those of an increasing function of them.
     */
    Normalizer finishBehind(Optional<NormalizerSpec.Stage> first) {
      if (first.isEmpty()) {
        return finish();
      }
      NormalizerSpec longer = spec.behind(first.get());
      return finish(longer, new PointwiseChain(longer, type));
    }

    private Normalizer finish(NormalizerSpec spec, PointwiseChain chain) {
      if (!spec.needsFit()) {
        return new Normalizer(spec, type, slices, chain, null, null);
      }
      if (!perSlice) {
        return new Normalizer(spec, type, slices, chain, fieldRange(), null);
      }
      SliceRanges ranges = new SliceRanges(least.length);
      for (int s = 0; s < least.length; s++) {
        measureSlice(chain, ranges, s);
      }
      return new Normalizer(spec, type, slices, chain, null, ranges);
    }

    private void measureSlice(PointwiseChain chain, SliceRanges ranges, int slice) {
      if (least[slice] > greatest[slice]) {
        return;
      }
      // the pointwise stages increase, so they need not see every value to know the limits
      double low = chain.forward(least[slice]);
      double high = chain.forward(greatest[slice]);
      if (low >= high || (moments.length > 0 && moments[slice].deviation() == 0)) {
        ranges.setConstant(slice, least[slice]);
      } else if (moments.length == 0) {
        ranges.setEnclosing(slice, low, high);
      } else {
        ranges.setNearest(slice, moments[slice].mean(), moments[slice].deviation());
      }
    }

    private FieldRange fieldRange() {
      if (least[0] > greatest[0]) {
        return FieldRange.NOTHING;
      }
      if (least[0] == greatest[0] || (moments.length > 0 && moments[0].deviation() == 0)) {
        return FieldRange.constant(least[0]);
      }
      return moments.length == 0
          ? FieldRange.pair(least[0], greatest[0])
          : FieldRange.pair(moments[0].mean(), moments[0].deviation());
    }
  }
}
