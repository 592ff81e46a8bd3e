package dev.tessera.bench;

import java.util.Map;
import java.util.Optional;

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
  /**
   * What a run of this program tells.
   *
   * @param values of the field
   * @param originalBytes of its values
   * @param bytes of the container
   * @param streamBytes of the entropy-coded streams alone
   * @param encodeSeconds from field to file, of one run
   * @param decodeSeconds from file to field
   * @param quality by domain
   */
  public record Measured(
      long values,
      long originalBytes,
      long bytes,
      long streamBytes,
      double encodeSeconds,
      double decodeSeconds,
      Map<Domain, DomainQuality> quality) {
    double ratio() {
      return (double) originalBytes / bytes;
    }

    double streamBitsPerValue() {
      return 8.0 * streamBytes / values;
    }
  }
}
