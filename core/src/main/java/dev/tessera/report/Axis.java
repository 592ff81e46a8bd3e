package dev.tessera.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An axis: values to positions, and where its ticks are.
 *
 * @param low value at position 0
 * @param high value at position 1
 * @param logarithmic whether equal steps are equal factors
 */
public record Axis(double low, double high, boolean logarithmic) {
  private static final double WIDE = 40;
  private static final int STEPS = 6;

  /** What quotients of round numbers may be off by, in steps. */
  private static final double ROUNDING = 1e-6;

  private static final double[] NICE = {1, 2, 2.5, 5, 10};

  /**
   * An axis from 0 that holds some values, or a logarithmic one where they differ too much to be
   * seen side by side.
   *
   * @param values those that are not finite or not positive do not count
   */
  public static Axis holding(double... values) {
    double smallest = Double.POSITIVE_INFINITY;
    double largest = 0;
    for (double value : values) {
      if (Double.isFinite(value) && value > 0) {
        smallest = Math.min(smallest, value);
        largest = Math.max(largest, value);
      }
    }
    if (largest == 0) {
      return new Axis(0, 1, false);
    }
    if (largest / smallest > WIDE) {
      return new Axis(
          Math.pow(10, Math.floor(Math.log10(smallest / 1.5))),
          Math.pow(10, Math.ceil(Math.log10(largest * 1.2))),
          true);
    }
    double step = step(largest * 1.05);
    return new Axis(0, Math.ceil(largest * 1.05 / step) * step, false);
  }

  /**
   * An axis that holds some values without much room beside them, and ends at ticks.
   *
   * @param values those that are not finite do not count
   */
  public static Axis around(double... values) {
    double[] finite = Arrays.stream(values).filter(Double::isFinite).toArray();
    double low = Arrays.stream(finite).min().orElse(0);
    double high = Arrays.stream(finite).max().orElse(1);
    if (low == high) {
      double room = low == 0 ? 1 : Math.abs(low) / 10;
      low -= room;
      high += room;
    }
    double step = 0;
    // at round numbers the axis is longer, and may have to take larger steps
    while (step != step(high - low)) {
      step = step(high - low);
      low = Math.min(low, Math.floor(low / step + ROUNDING) * step);
      high = Math.max(high, Math.ceil(high / step - ROUNDING) * step);
    }
    return new Axis(low, high, false);
  }

  private static double step(double range) {
    double power = Math.pow(10, Math.floor(Math.log10(range / STEPS)));
    for (double nice : NICE) {
      if (range / (nice * power) <= STEPS + ROUNDING) {
        return nice * power;
      }
    }
    return 10 * power;
  }

  /** Share of the axis below a value, 0 to 1 for what it holds. */
  public double position(double value) {
    return logarithmic
        ? Math.log(value / low) / Math.log(high / low)
        : (value - low) / (high - low);
  }

  /** Values that get a label. */
  public List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    if (logarithmic) {
      for (double tick = low; tick <= high * 1.001; tick *= 10) {
        ticks.add(tick);
      }
    } else {
      double step = step(high - low);
      for (int i = 0; low + i * step <= high + ROUNDING * step; i++) {
        ticks.add(low + i * step);
      }
    }
    return ticks;
  }

  /** A tick's label. */
  public static String label(double tick) {
    return tick == Math.rint(tick)
        ? Long.toString((long) tick)
        : Double.toString(Math.rint(tick * 1e6) / 1e6);
  }
}
