package dev.tessera.transform;

import dev.tessera.field.TesseraException;
import dev.tessera.model.Network;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The precisions of a model's large networks. The small ones have no choice: h_s chooses tables, so
 * its arithmetic is part of the format; h_a computes in fp32 where g_a does, else in fp16, since it
 * is not worth a calibration.
 *
 * @param analysis that of g_a
 * @param synthesis that of g_s
 */
public record Precisions(Precision analysis, Precision synthesis) {
  /** Operands of float32 everywhere: what is used where nothing is said. */
  public static final Precisions DEFAULT = of(Precision.FP32);

  /** One for all networks. */
  public static Precisions of(Precision precision) {
    return new Precisions(precision, precision);
  }

  /**
   * Reads {@code fp16}, or one for each network as in {@code ga=fp8,gs=fp16}; a network that is
   * left out computes in fp32.
   *
   * @throws TesseraException.Invalid if it is written otherwise
   */
  public static Precisions parse(String text) {
    if (!text.contains("=")) {
      return of(precision(text));
    }
    Map<Network, Precision> found = new EnumMap<>(Network.class);
    for (String part : text.split(",", -1)) {
      String[] pair = part.split("=", 2);
      Network network = network(pair[0].strip(), text);
      if (pair.length < 2 || found.put(network, precision(pair[1])) != null) {
        throw wrong(text);
      }
    }
    return new Precisions(
        found.getOrDefault(Network.G_A, Precision.FP32),
        found.getOrDefault(Network.G_S, Precision.FP32));
  }

  private static Network network(String name, String text) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "ga", "g_a" -> Network.G_A;
      case "gs", "g_s" -> Network.G_S;
      default -> throw wrong(text);
    };
  }

  private static Precision precision(String text) {
    String name = text.strip().toLowerCase(Locale.ROOT);
    return Arrays.stream(Precision.values())
        .filter(precision -> precision.toString().equals(name))
        .findFirst()
        .orElseThrow(() -> wrong(text));
  }

  private static TesseraException wrong(String text) {
    return new TesseraException.Invalid(
        "there is no precision '%s': use %s, or one for each network as in ga=fp8,gs=fp16"
            .formatted(
                text,
                Arrays.stream(Precision.values())
                    .map(Precision::toString)
                    .collect(Collectors.joining(", "))));
  }

  /** That of a network. */
  public Precision of(Network network) {
    return switch (network) {
      case G_A -> analysis;
      case H_A -> analysis == Precision.FP32 ? Precision.FP32 : Precision.FP16;
      case H_S -> Precision.FP32;
      case G_S -> synthesis;
    };
  }

  /** Whether a network computes in a precision. */
  public boolean has(Precision precision) {
    return analysis == precision || synthesis == precision;
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return analysis == synthesis ? analysis.toString() : "ga=" + analysis + ",gs=" + synthesis;
  }
}
