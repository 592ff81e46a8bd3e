package dev.tessera.pipeline;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.transform.NaturalLogarithm;
import dev.tessera.transform.Normalizer;
import java.lang.foreign.MemorySegment;

/**
 * Measures a field and works out the numbers of its quantizer. Values that are not finite, that the
 * normalizer does not accept, or that equal the fill value do not count. For one thread at a time;
 * several may measure parts of a field, to be merged.
 */
public final class QuantizationFit {
  /** What float32 takes from a point-wise bound, with room to spare: half of a unit is 2^-24. */
  private static final double FLOAT32_SHARE = 0x1p-22;

  private static final double FLOAT64_SHARE = 0x1p-50;
  private static final double LEAST_FLOAT32_SHARE = 0x1p-20;
  private static final double LEAST_FLOAT64_SHARE = 0x1p-48;

  private static final double LARGEST_STEP = 0x1p1023;
  private static final double LARGEST_SCALE = 0x1p1000;
  private static final int ROW = 4096;

  private final QuantizerSpec quantizer;
  private final DataType type;
  private final Normalizer normalizer;
  private final double[] row = new double[ROW];
  private boolean excludes;
  private long excluded;

  private double least = Double.POSITIVE_INFINITY;
  private double greatest = Double.NEGATIVE_INFINITY;
  private double largestSize;
  private double smallestSize = Double.POSITIVE_INFINITY;

  /**
   * Starts measuring.
   *
   * @param spec the pipeline
   * @param type type of the values
   * @param normalizer of the pipeline's {@link PipelineSpec#appliedNormalizer applied} stages; null
   *     where there are none
   */
  public QuantizationFit(PipelineSpec spec, DataType type, Normalizer normalizer) {
    this.quantizer = spec.quantizer();
    this.type = type;
    this.normalizer = normalizer;
  }

  /** Leaves out values of these bits: the fill value. */
  public QuantizationFit exclude(long bits) {
    excludes = true;
    excluded = bits;
    return this;
  }

  /**
   * Takes values of one slice into account.
   *
   * @param values elements of the field's type
   * @param first index of the first one
   * @param count how many
   * @param slice number of their slice
   */
  public void accept(MemorySegment values, long first, long count, long slice) {
    for (long at = first; at < first + count; at += ROW) {
      int length = (int) Math.min(ROW, first + count - at);
      type.read(values, at, row, length);
      int kept = 0;
      for (int i = 0; i < length; i++) {
        double value = row[i];
        boolean counts =
            Double.isFinite(value)
                && (normalizer == null || normalizer.inDomain(value))
                && !(excludes && type.getBits(values, at + i) == excluded);
        if (counts) {
          row[kept++] = value;
        }
      }
      measureSizes(kept);
      if (normalizer != null) {
        normalizer.forward(slice, row, kept);
      }
      measureRange(kept);
    }
  }

  private void measureSizes(int count) {
    double large = largestSize;
    double small = smallestSize;
    for (int i = 0; i < count; i++) {
      double size = Math.abs(row[i]);
      large = Math.max(large, size);
      small = Math.min(small, size == 0 ? Double.POSITIVE_INFINITY : size);
    }
    largestSize = large;
    smallestSize = small;
  }

  private void measureRange(int count) {
    double low = least;
    double high = greatest;
    for (int i = 0; i < count; i++) {
      low = Math.min(low, row[i]);
      high = Math.max(high, row[i]);
    }
    least = low;
    greatest = high;
  }

  /** Takes into account what another one has measured of the same field. */
  public void merge(QuantizationFit other) {
    least = Math.min(least, other.least);
    greatest = Math.max(greatest, other.greatest);
    largestSize = Math.max(largestSize, other.largestSize);
    smallestSize = Math.min(smallestSize, other.smallestSize);
  }

  /**
   * The numbers for what was measured.
   *
   * @throws TesseraException.Invalid if the bound is finer than the type resolves
   */
  public Quantization finish() {
    boolean empty = least > greatest;
    // -0 would make a sum depend on the sign of a zero
    double low = empty ? 0 : least + 0.0;
    double high = empty ? 0 : greatest + 0.0;
    return switch (quantizer.kind()) {
      case ABS -> bounded(quantizer.value(), low, high);
      case REL -> bounded(share(quantizer.value(), low, high), low, high);
      case ROUND -> new Quantization(quantizer, 0, 1, 0.5, 1);
      case PWREL -> pointwise(smallestSize == Double.POSITIVE_INFINITY ? 1 : smallestSize);
      case REFERENCE -> reference(low, high);
    };
  }

  private static double share(double share, double low, double high) {
    double range = high - low;
    return Double.isInfinite(range)
        ? Math.min(2 * (share * (high / 2 - low / 2)), Double.MAX_VALUE)
        : share * range;
  }

  private Quantization bounded(double asked, double low, double high) {
    double bound = asked;
    double step;
    if (normalizer == null && !type.isFloat()) {
      bound = Math.floor(asked);
      step = 2 * bound + 1;
    } else {
      double lost = roundingLoss(Math.max(Math.abs(low), Math.abs(high)));
      step = 2 * bound - lost;
      if (!(step > bound)) {
        step = bound;
      }
    }
    if (!(step >= Double.MIN_NORMAL)) {
      // a constant field, of which every number is 0
      step = 1;
    }
    // a middle from which no difference overflows
    double offset = Double.isInfinite(high - low) ? high / 2 + low / 2 : low;
    return new Quantization(quantizer, offset, Math.min(step, LARGEST_STEP), bound, 1);
  }

  /** What rounding to the field's type can add to an error at both sides of a step. */
  private double roundingLoss(double largest) {
    if (normalizer != null) {
      return (type == DataType.FLOAT64 ? FLOAT64_SHARE : FLOAT32_SHARE) * Math.max(1, largest);
    }
    return type == DataType.FLOAT32 ? Math.ulp((float) largestSize) : Math.ulp(largestSize);
  }

  private Quantization pointwise(double smallest) {
    double share = quantizer.value();
    boolean single = type == DataType.FLOAT32;
    if (share <= (single ? LEAST_FLOAT32_SHARE : LEAST_FLOAT64_SHARE)) {
      throw new TesseraException.Invalid(
          "%s is finer than %s values resolve: use a larger bound"
              .formatted(quantizer, type.code()));
    }
    double step = 2 * StrictMath.log1p(share - (single ? FLOAT32_SHARE : FLOAT64_SHARE));
    return new Quantization(quantizer, NaturalLogarithm.of(smallest), step, share, 1);
  }

  private Quantization reference(double low, double high) {
    double range = high - low;
    double top = Math.scalb(1.0, quantizer.bits());
    double scale;
    if (range == 0) {
      scale = 1;
    } else if (Double.isInfinite(range)) {
      scale = top / 2 / (high / 2 - low / 2);
    } else {
      scale = top / range;
    }
    double limited = Math.max(1 / LARGEST_SCALE, Math.min(LARGEST_SCALE, scale));
    return new Quantization(quantizer, low, 2 * quantizer.value(), quantizer.value(), limited);
  }
}
