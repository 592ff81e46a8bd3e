package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What passes between the layers of a model on data that are like those to be compressed: needed to
 * compute in e4m3, whose largest number is {@value #E4M3_MAX}. It stands in the model's metadata,
 * one entry per convolution whose input is stored in e4m3, and is no part of the model's identity
 * (FORMAT.md, "Metadata").
 *
 * @param ranges of the inputs, by the name of the convolution, as in {@code g_a.2}
 */
public record Calibration(SortedMap<String, Range> ranges) {
  /** The largest number of e4m3. */
  public static final float E4M3_MAX = 448;

  /** What the metadata keys of calibrations begin with; the convolution's name follows. */
  public static final String KEY = "fp8.";

  /** Metadata key of what a calibration was made from. */
  public static final String DATA_KEY = "fp8.data";

  private static final String NUMBER = "([-+0-9.eE]+)";
  private static final Pattern ENTRY =
      Pattern.compile("scale=%1$s max=%1$s p=%1$s quantile=%1$s clipped=%1$s".formatted(NUMBER));

  /**
   * The input of a convolution.
   *
   * @param scale an activation is its e4m3 number times this; a power of two
   * @param max largest magnitude that was seen
   * @param percentile a percentage of the values, as in 99.99
   * @param quantile magnitude below which that percentage of the values lie
   * @param clipped share of the values, 0…1, beyond what the scale can hold
   */
  public record Range(float scale, float max, double percentile, float quantile, double clipped) {
    /** Checks the numbers. */
    public Range {
      boolean sensible =
          Float.isFinite(scale)
              && scale > 0
              && max >= 0
              && percentile >= 0
              && percentile <= 100
              && quantile >= 0
              && clipped >= 0
              && clipped <= 1;
      if (!sensible) {
        throw new TesseraException.Invalid("a calibration cannot have these numbers");
      }
    }

    /**
     * The smallest power of two with which a magnitude can be held: what is up to twice as large
     * may still be, and scaling rounds nothing.
     */
    public static float scaleFor(float limit) {
      float least = limit / E4M3_MAX;
      if (!(least > 0x1p-60f)) {
        return 0x1p-60f; // nothing but zeros was seen
      }
      int exponent = Math.getExponent(least);
      float below = Math.scalb(1f, exponent);
      return below >= least ? below : 2 * below;
    }

    private String text() {
      return String.format(
          Locale.ROOT,
          "scale=%s max=%s p=%s quantile=%s clipped=%s",
          scale,
          max,
          percentile,
          quantile,
          clipped);
    }
  }

  /** Keeps an own copy. */
  public Calibration {
    ranges = Collections.unmodifiableSortedMap(new TreeMap<>(ranges));
  }

  /**
   * What a model's metadata say; without entries if it was never calibrated.
   *
   * @throws TesseraException.Corrupt if an entry cannot be read
   */
  public static Calibration of(Model model) {
    SortedMap<String, Range> ranges = new TreeMap<>();
    model
        .metadata()
        .forEach((key, value) -> {
          if (key.startsWith(KEY) && !key.equals(DATA_KEY)) {
            ranges.put(key.substring(KEY.length()), parse(key, value));
          }
        });
    return new Calibration(ranges);
  }

  private static Range parse(String key, String text) {
    Matcher matcher = ENTRY.matcher(text);
    try {
      if (matcher.matches()) {
        return new Range(
            Float.parseFloat(matcher.group(1)),
            Float.parseFloat(matcher.group(2)),
            Double.parseDouble(matcher.group(3)),
            Float.parseFloat(matcher.group(4)),
            Double.parseDouble(matcher.group(5)));
      }
    } catch (NumberFormatException | TesseraException.Invalid e) {
      // as below
    }
    throw new TesseraException.Corrupt(
        "the model's calibration '"
            + key
            + "' cannot be read: make it again with tessera calibrate",
        -1);
  }

  /**
   * How much an activation is worth.
   *
   * @param convolution name of the layer whose input it is
   * @throws TesseraException.Invalid if the model was not calibrated
   */
  public float scale(String convolution) {
    Range range = ranges.get(convolution);
    if (range == null) {
      throw new TesseraException.Invalid(
          "the model is not calibrated for fp8: run tessera calibrate MODEL --data FIELD first");
    }
    return range.scale();
  }

  /**
   * Fails unless the inputs of a network's convolutions are known.
   *
   * @throws TesseraException.Invalid with what to do
   */
  public void require(Architecture architecture, Network network) {
    convolutions(architecture, network).forEach(this::scale);
  }

  /**
   * The convolutions whose inputs are stored in e4m3: all, but the one that takes the tile as it
   * is.
   */
  public static List<String> convolutions(Architecture architecture, Network network) {
    return architecture.layers(network).stream()
        .map(layer ->
            switch (layer) {
              case Layer.Conv conv -> conv.name();
              case Layer.ConvTranspose conv -> conv.name();
              default -> "";
            })
        .filter(name -> !name.isEmpty() && !name.equals("g_a.0"))
        .toList();
  }

  /**
   * A model's metadata with this calibration in place of any other.
   *
   * @param data what it was made from, for people
   */
  public Map<String, String> addTo(Map<String, String> metadata, String data) {
    Map<String, String> all = new TreeMap<>(metadata);
    all.keySet().removeIf(key -> key.startsWith(KEY));
    ranges.forEach((name, range) -> all.put(KEY + name, range.text()));
    all.put(DATA_KEY, data);
    return all;
  }
}
