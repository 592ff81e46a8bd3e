package dev.tessera.bench;

import dev.tessera.transform.NormalizerSpec;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One field at one rate.
 *
 * @param curve which points belong together
 * @param label the model, pipeline or setting
 * @param field name of the field
 * @param bitsPerValue bits of everything that has to be kept, by values of the field
 * @param psnr by domain, in dB; infinite where nothing was lost
 * @param measured what was measured here; empty for points of another program
 */
public record RatePoint(
    String curve,
    String label,
    String field,
    double bitsPerValue,
    Map<Domain, Double> psnr,
    Optional<Measured> measured) {
  /** Whether another point is of the same setting and field. */
  public boolean hasSettingOf(RatePoint other) {
    return curve.equals(other.curve) && label.equals(other.label) && field.equals(other.field);
  }

  /** This point in one domain alone. */
  public RatePoint in(Domain domain) {
    Map<Domain, Double> only = new EnumMap<>(psnr);
    only.keySet().retainAll(Set.of(domain));
    return new RatePoint(curve, label, field, bitsPerValue, only, measured);
  }

  /**
   * What a run of this program tells.
   *
   * @param normalizer what was done to values first
   * @param values of the field
   * @param originalBytes of its values
   * @param bytes of the container
   * @param streamBytes of the entropy-coded streams alone
   * @param encodeSeconds from field to file, of one run
   * @param decodeSeconds from file to field
   * @param quality by domain
   */
  public record Measured(
      NormalizerSpec normalizer,
      long values,
      long originalBytes,
      long bytes,
      long streamBytes,
      double encodeSeconds,
      double decodeSeconds,
      Map<Domain, DomainQuality> quality) {
    /** Whether it was logarithms that were compressed. */
    public boolean ofLogarithms() {
      return normalizer.stages().stream()
          .anyMatch(stage -> stage.kind() == NormalizerSpec.Kind.LOG10);
    }

    double ratio() {
      return (double) originalBytes / bytes;
    }

    double streamBitsPerValue() {
      return 8.0 * streamBytes / values;
    }
  }
}
