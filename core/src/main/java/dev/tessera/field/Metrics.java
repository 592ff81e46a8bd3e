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
    private static final int BLOCK = 4096;
    private static final int MAX_EXPONENT = 1000;

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
      double[] was = new double[(int) Math.min(count, BLOCK)];
      double[] is = new double[was.length];
      for (long from = 0; from < count; from += BLOCK) {
        int block = (int) Math.min(BLOCK, count - from);
        type.read(original, from, was, block);
        type.read(restored, from, is, block);
        boolean all = !type.isFloat() && fillBits.isEmpty();
        add(was, is, all ? block : setAside(original, restored, from, was, is, block));
      }
    }

    /** Moves ordinary pairs to the front, counts the others, and returns how many moved. */
    private int setAside(
        MemorySegment original,
        MemorySegment restored,
        long from,
        double[] was,
        double[] is,
        int count) {
      int ordinary = 0;
      for (int i = 0; i < count; i++) {
        if (Double.isFinite(was[i]) && !isFill(original, from + i)) {
          was[ordinary] = was[i];
          is[ordinary++] = is[i];
        } else if (type.getBits(original, from + i) != type.getBits(restored, from + i)) {
          specialsChanged++;
        }
      }
      specials += count - ordinary;
      return ordinary;
    }

    /** Adds pairs of values; what the arrays hold after is not said. */
    private void add(double[] was, double[] is, int count) {
      double low = Double.POSITIVE_INFINITY;
      double high = Double.NEGATIVE_INFINITY;
      double largest = 0;
      for (int i = 0; i < count; i++) {
        low = Math.min(low, was[i]);
        high = Math.max(high, was[i]);
        is[i] = Math.abs(is[i] - was[i]);
        largest = Math.max(largest, is[i]);
      }
      values += count;
      min = Math.min(min, low);
      max = Math.max(max, high);
      if (!Double.isFinite(largest)) {
        for (int i = 0; i < count; i++) {
          double error = Double.isNaN(is[i]) ? Double.POSITIVE_INFINITY : is[i];
          addSquare(error);
          maxError = Math.max(maxError, error);
        }
      } else if (largest > 0) {
        // a power of two near the largest error keeps squares within the range of doubles
        int exponent = Math.clamp(Math.getExponent(largest), -MAX_EXPONENT, MAX_EXPONENT);
        double factor = Math.scalb(1.0, -exponent);
        double sum = 0;
        for (int i = 0; i < count; i++) {
          double error = is[i] * factor;
          sum += error * error;
        }
        addSquares(sum, Math.scalb(1.0, exponent));
        maxError = Math.max(maxError, largest);
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

    /** Adds a sum of (error / otherScale)². */
    private void addSquares(double otherSquares, double otherScale) {
      if (otherScale > scale) {
        double ratio = scale / otherScale;
        squares = squares * ratio * ratio + otherSquares;
        scale = otherScale;
      } else if (otherScale > 0) {
        double ratio = otherScale == scale ? 1 : otherScale / scale; // as in addSquare
        squares += otherSquares * ratio * ratio;
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
      addSquares(other.squares, other.scale);
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
