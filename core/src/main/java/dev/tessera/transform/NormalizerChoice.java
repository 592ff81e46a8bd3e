package dev.tessera.transform;

import dev.tessera.field.DataType;
import java.util.Locale;
import java.util.Optional;

/**
 * How a field comes to its normalizer: one was named, or it is chosen by what its values are
 * ({@code auto}).
 *
 * <p>The rule, over finite values that are not the fill value: where the middle 98 % of them take
 * less than 30 % of the range, most of what a model would see is nearly constant, and a function
 * that grows more slowly is put before {@code minmax:slice}: {@code log10}, if all values are
 * positive, or {@code asinh} whose scale is the value that 99 % do not exceed, to one digit, so
 * that it bends the tail alone; the one under which those 98 % take more of the range, if that is
 * half as much again. Else, and for fields whose negative values exceed a thousandth of the largest
 * positive one, {@code minmax:slice} stays alone. Fields of more slices than can be measured one by
 * one take {@code minmax:field}.
 */
public final class NormalizerChoice {
  /** The normalizer is chosen field by field. */
  public static final NormalizerChoice AUTO = new NormalizerChoice(null);

  private static final String AUTO_TEXT = "auto";

  private final NormalizerSpec named;

  private NormalizerChoice(NormalizerSpec named) {
    this.named = named;
  }

  /** This normalizer, whatever the field. */
  public static NormalizerChoice of(NormalizerSpec spec) {
    return new NormalizerChoice(spec);
  }

  /**
   * Reads {@code auto} or what {@link NormalizerSpec#parse} reads.
   *
   * @throws dev.tessera.field.TesseraException.Invalid if it is neither
   */
  public static NormalizerChoice parse(String text) {
    return text.strip().toLowerCase(Locale.ROOT).equals(AUTO_TEXT)
        ? AUTO
        : of(NormalizerSpec.parse(text));
  }

  /** The normalizer that was named; empty where it is chosen. */
  public Optional<NormalizerSpec> named() {
    return Optional.ofNullable(named);
  }

  /**
   * Starts measuring a field.
   *
   * @param type its element type
   * @param slices its number of slices
   */
  public Fit fit(DataType type, long slices) {
    return new Fit(named, type, slices);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NormalizerChoice choice && named().equals(choice.named());
  }

  @Override
  public int hashCode() {
    return named().hashCode();
  }

  /** The text that {@link #parse} reads. */
  @Override
  public String toString() {
    return named == null ? AUTO_TEXT : named.toString();
  }

  /**
   * Measures a field in one pass, and settles on the way what its normalizer is. Parts may be
   * {@linkplain #measure measured} by any threads; the rest is for one thread at a time.
   */
  public static final class Fit {
    private final NormalizerSpec named;
    private final Normalizer.Fit fit;
    private final ValueSurvey survey;

    private Fit(NormalizerSpec named, DataType type, long slices) {
      this.named = named;
      this.survey = named == null ? new ValueSurvey() : null;
      // limits of raw values serve every candidate: all are increasing, and accept what they get
      this.fit =
          (named == null ? NormalizerSpec.minmax(slices <= SliceRanges.MAX_SLICES) : named)
              .fit(type, slices);
    }

    /** Whether a value can be normalized, and so be measured. */
    public boolean inDomain(double value) {
      return fit.inDomain(value);
    }

    /**
     * Takes the first {@code count} of {@code values} into account; they are not changed.
     *
     * @param slice slice that they belong to
     * @param values values {@link #inDomain in the domain}; masked ones left out
     */
    public void accept(long slice, double[] values, int count) {
      accept(measure(slice, values, count), values, count);
    }

    /** The first half of {@link #accept(long, double[], int)}, for any thread. */
    public Normalizer.Measured measure(long slice, double[] values, int count) {
      return fit.measure(slice, values, count);
    }

    /** The second half: the order of parts decides about the sample that a choice rests on. */
    public void accept(Normalizer.Measured part, double[] values, int count) {
      fit.accept(part);
      if (survey != null) {
        survey.accept(values, count);
      }
    }

    /** The normalizer of what was seen; its {@link Normalizer#spec} is the one that was chosen. */
    public Normalizer finish() {
      return named != null ? fit.finish() : fit.finishBehind(survey.choose());
    }
  }
}
