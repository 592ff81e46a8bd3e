package dev.tessera.field;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * How far a restored field is from its original, over the places where the original is finite and
 * not the fill value.
 *
 * @param values number of such places
 * @param min smallest original value there
 * @param max largest original value there
 * @param rmse root of the mean squared error, in the field's units
 * @param maxError largest absolute error, in the field's units
 * @param specials number of other places (NaN, ±Inf, fill value)
 * @param specialsChanged how many of those did not come back bit for bit
 */
public record Metrics(
    long values,
    double min,
    double max,
    double rmse,
    double maxError,
    long specials,
    long specialsChanged) {

  /** {@code max − min} of the original; 0 where there is no value. */
  public double range() {
    return values == 0 ? 0 : max - min;
  }

  /**
   * RMSE as a share of the range; 0 where nothing differs, infinite where a constant field does.
   */
  public double nrmse() {
    if (rmse == 0) {
      return 0;
    }
    double range = range();
    // halves where the range of huge values is beyond the largest double
    return Double.isInfinite(range) ? rmse / 2 / (max / 2 - min / 2) : rmse / range;
  }

  /**
   * Peak signal-to-noise ratio {@code 20·log10(range / RMSE)} in dB; infinite where nothing
   * differs.
   */
  public double psnr() {
    // halves and a difference of logarithms: neither the range nor the quotient may overflow
    return rmse == 0
        ? Double.POSITIVE_INFINITY
        : 20 * (Math.log10(max / 2 - min / 2) - Math.log10(rmse / 2));
  }

  /** Collects errors box by box; the parts of a field may be merged in any order. */
  public static final class Accumulator {
    private final DataType type;
    private final OptionalLong fillBits;
    private long values;
    private double min = Double.POSITIVE_INFINITY;
    private double max = Double.NEGATIVE_INFINITY;
    private double
        squares; // sum of (error / scale)², so that no square leaves the range of doubles
    private double scale;
    private double maxError;
    private long specials;
    private long specialsChanged;

    /** For fields of this type and fill value. */
    public Accumulator(DataType type, OptionalLong fillBits) {
      this.type = type;
      this.fillBits = fillBits;
    }

    /**
     * Compares {@code count} values at the start of two segments, both in the field's type,
     * little-endian.
     */
    public void add(MemorySegment original, MemorySegment restored, long count) {
      for (long i = 0; i < count; i++) {
        double x = type.get(original, i);
        if (!Double.isFinite(x) || isFill(original, i)) {
          specials++;
          if (type.getBits(original, i) != type.getBits(restored, i)) {
            specialsChanged++;
          }
          continue;
        }
        values++;
        min = Math.min(min, x);
        max = Math.max(max, x);
        double error = Math.abs(type.get(restored, i) - x);
        if (Double.isNaN(error)) {
          error = Double.POSITIVE_INFINITY;
        }
        addSquare(error);
        maxError = Math.max(maxError, error);
      }
    }

    private void addSquare(double error) {
      if (error > scale) {
        double ratio = scale / error;
        squares = squares * ratio * ratio + 1;
        scale = error;
      } else if (error > 0) {
        double ratio = error == scale ? 1 : error / scale; // also where both are infinite
        squares += ratio * ratio;
      }
    }

    private boolean isFill(MemorySegment original, long i) {
      return fillBits.isPresent() && type.getBits(original, i) == fillBits.getAsLong();
    }

    /** Adds what another accumulator has seen. */
    public void merge(Accumulator other) {
      values += other.values;
      min = Math.min(min, other.min);
      max = Math.max(max, other.max);
      if (other.scale > scale) {
        double ratio = scale / other.scale;
        squares = squares * ratio * ratio + other.squares;
        scale = other.scale;
      } else if (other.scale > 0) {
        double ratio = other.scale == scale ? 1 : other.scale / scale; // as in addSquare
        squares += other.squares * ratio * ratio;
      }
      maxError = Math.max(maxError, other.maxError);
      specials += other.specials;
      specialsChanged += other.specialsChanged;
    }

    /** The figures so far. */
    public Metrics metrics() {
      double rmse = values == 0 ? 0 : scale * Math.sqrt(squares / values);
      boolean none = values == 0;
      return new Metrics(
          values, none ? 0 : min, none ? 0 : max, rmse, maxError, specials, specialsChanged);
    }
  }
}
