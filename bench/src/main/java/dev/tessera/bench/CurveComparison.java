package dev.tessera.bench;

import dev.tessera.field.TesseraException;
import dev.tessera.quality.BjontegaardDelta;
import dev.tessera.quality.RateDistortionCurve;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * The distance of a curve from the anchor.
 *
 * @param curve name of the curve
 * @param field name of the field
 * @param domain what errors are measured on
 * @param bdRate share of bits more, −0.2 for 20 % fewer; empty if there is none
 * @param bdPsnr dB more; empty if there is none
 * @param reasons why there is none, a sentence each
 */
public record CurveComparison(
    String curve,
    String field,
    Domain domain,
    OptionalDouble bdRate,
    OptionalDouble bdPsnr,
    List<String> reasons) {

  /**
   * All curves against one, field by field, where both have points.
   *
   * @param ceiling PSNR in dB beyond which BD-rate counts nothing; infinite for none
   * @throws TesseraException.Invalid if no curve is the anchor
   */
  public static List<CurveComparison> all(List<RatePoint> points, String anchor, double ceiling) {
    Set<String> curves = new LinkedHashSet<>();
    Set<String> fields = new LinkedHashSet<>();
    points.forEach(point -> {
      curves.add(point.curve());
      fields.add(point.field());
    });
    if (!curves.contains(anchor)) {
      throw new TesseraException.Invalid(
          "no curve is called '" + anchor + "': there are " + String.join(", ", curves));
    }
    List<CurveComparison> comparisons = new ArrayList<>();
    for (String curve : curves) {
      for (Domain domain : Domain.values()) {
        for (String field : fields) {
          List<RateDistortionCurve.Point> own = points(points, curve, field, domain);
          List<RateDistortionCurve.Point> other = points(points, anchor, field, domain);
          if (!curve.equals(anchor) && !own.isEmpty() && !other.isEmpty()) {
            comparisons.add(of(curve, own, anchor, other, field, domain, ceiling));
          }
        }
      }
    }
    return comparisons;
  }

  private static List<RateDistortionCurve.Point> points(
      List<RatePoint> points, String curve, String field, Domain domain) {
    return points.stream()
        .filter(point -> point.curve().equals(curve) && point.field().equals(field))
        .filter(point -> point.psnr().containsKey(domain))
        .map(point -> new RateDistortionCurve.Point(point.bitsPerValue(), point.psnr().get(domain)))
        .toList();
  }

  private static CurveComparison of(
      String curve,
      List<RateDistortionCurve.Point> own,
      String anchor,
      List<RateDistortionCurve.Point> other,
      String field,
      Domain domain,
      double ceiling) {
    Set<String> reasons = new LinkedHashSet<>();
    OptionalDouble rate =
        distance(
            reasons,
            () ->
                BjontegaardDelta.rate(
                    new RateDistortionCurve(anchor, other),
                    new RateDistortionCurve(curve, own),
                    ceiling));
    OptionalDouble psnr =
        distance(
            reasons,
            () ->
                BjontegaardDelta.psnr(
                    new RateDistortionCurve(anchor, other), new RateDistortionCurve(curve, own)));
    return new CurveComparison(curve, field, domain, rate, psnr, List.copyOf(reasons));
  }

  @FunctionalInterface
  private interface Distance {
    double get();
  }

  /** A distance, or the reason why there is none: that is a result, too. */
  private static OptionalDouble distance(Set<String> reasons, Distance distance) {
    try {
      return OptionalDouble.of(distance.get());
    } catch (TesseraException.Invalid none) {
      reasons.add(none.getMessage());
      return OptionalDouble.empty();
    }
  }
}
