package dev.tessera.quality;

import dev.tessera.field.TesseraException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * What one way of compressing makes of one field at several rates.
 *
 * @param name for messages
 * @param points in ascending order of bits
 */
public record RateDistortionCurve(String name, List<Point> points) {
  /**
   * A rate and its quality.
   *
   * @param bitsPerValue above 0
   * @param psnr in dB, finite
   */
  public record Point(double bitsPerValue, double psnr) {}

  /**
   * A curve of at least one point, in any order. What came back exactly has no PSNR and is left
   * out.
   *
   * @throws TesseraException.Invalid if nothing is left, if a point has no positive rate, or if
   *     more bits do not mean a higher PSNR: the distance to such a curve is not defined
   */
  public RateDistortionCurve {
    points =
        points.stream()
            .filter(point -> point.psnr != Double.POSITIVE_INFINITY)
            .sorted(Comparator.comparingDouble(Point::bitsPerValue).thenComparing(Point::psnr))
            .toList();
    if (points.isEmpty()) {
      throw new TesseraException.Invalid(name + " has no point with an error");
    }
    for (Point point : points) {
      if (!(point.bitsPerValue > 0) || !Double.isFinite(point.psnr)) {
        throw new TesseraException.Invalid(
            name + " has a point without a rate or PSNR: " + describe(point));
      }
    }
    List<Point> sorted = points;
    IntStream.range(1, points.size())
        .filter(i -> !above(sorted.get(i), sorted.get(i - 1)))
        .findFirst()
        .ifPresent(i -> {
          throw new TesseraException.Invalid(
              "%s does not rise: %s, then %s"
                  .formatted(name, describe(sorted.get(i - 1)), describe(sorted.get(i))));
        });
  }

  private static boolean above(Point next, Point point) {
    return next.bitsPerValue > point.bitsPerValue && next.psnr > point.psnr;
  }

  private static String describe(Point point) {
    return String.format(
        Locale.ROOT, "%.4f bits/value with %.2f dB", point.bitsPerValue, point.psnr);
  }

  /** Decadic logarithms of the rates. */
  double[] logBits() {
    return points.stream().mapToDouble(point -> Math.log10(point.bitsPerValue)).toArray();
  }

  double[] psnr() {
    return points.stream().mapToDouble(Point::psnr).toArray();
  }
}
