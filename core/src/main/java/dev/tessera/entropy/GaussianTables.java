package dev.tessera.entropy;

import dev.tessera.field.TesseraException;
import java.util.Arrays;
import org.apache.commons.numbers.gamma.Erfc;
import org.apache.commons.numbers.gamma.InverseErfc;

/**
 * The Gaussian conditional of Ballé et al., "Variational image compression with a scale hyperprior"
 * (ICLR 2018), as CompressAI's {@code GaussianConditional}: one table for each of a few standard
 * deviations, of which every symbol takes the nearest from above. Computed in float32 as PyTorch
 * does it.
 */
public final class GaussianTables {
  /** CompressAI's smallest standard deviation. */
  public static final float DEFAULT_BOUND = 0.11f;

  private static final double TAIL_MASS = 1e-9;

  /** Beyond this a table at 16 bits has no room for the values within the tail mass. */
  private static final float MAX_SCALE = 5000;

  private static final float MINUS_SQRT_HALF = (float) -Math.sqrt(0.5);

  private final float[] scales;
  private final float bound;

  /**
   * All scales but the last, filled up with infinity to a power of two less one, for a search
   * without branches.
   */
  private final float[] steps;

  /**
   * @param scales standard deviations, strictly rising; copied
   * @param bound smaller standard deviations are taken as this
   * @throws TesseraException.Corrupt if the scales do not rise or are out of range
   */
  public GaussianTables(float[] scales, float bound) {
    if (scales.length == 0 || !(bound > 0 && bound <= MAX_SCALE)) {
      throw corrupt("it has " + scales.length + " scales and the bound " + bound);
    }
    for (int i = 0; i < scales.length; i++) {
      if (!(scales[i] > (i == 0 ? 0 : scales[i - 1]) && scales[i] <= MAX_SCALE)) {
        throw corrupt(
            "scale %d is %s: scales must rise from above 0 to at most %s"
                .formatted(i, scales[i], MAX_SCALE));
      }
    }
    this.scales = scales.clone();
    this.bound = bound;
    this.steps = new float[Integer.highestOneBit(Math.max(1, scales.length - 1)) * 2 - 1];
    Arrays.fill(steps, Float.POSITIVE_INFINITY);
    System.arraycopy(scales, 0, steps, 0, scales.length - 1);
  }

  /** CompressAI's: 64 scales from 0.11 to 256, equally spaced in the logarithm. */
  public static GaussianTables standard() {
    return new GaussianTables(standardScales(), DEFAULT_BOUND);
  }

  /** The scales of {@link #standard}. */
  public static float[] standardScales() {
    return StandardScales.scales();
  }

  /**
   * As many as {@link #standardScales} from 0.11 on, equally spaced in the logarithm, up to another
   * one. Tables are as long as their scales are large, so a smaller last one makes a smaller model
   * and finer steps; larger standard deviations are coded as this one.
   *
   * @param last above 0.11
   * @throws IllegalArgumentException if it is not
   */
  public static float[] scales(float last) {
    if (!(last > DEFAULT_BOUND)) {
      throw new IllegalArgumentException("scales rise from " + DEFAULT_BOUND + ", not to " + last);
    }
    float[] scales = new float[standardScales().length];
    double ratio = StrictMath.log(last / DEFAULT_BOUND) / (scales.length - 1);
    for (int i = 0; i < scales.length; i++) {
      scales[i] = (float) (DEFAULT_BOUND * StrictMath.exp(ratio * i));
    }
    scales[scales.length - 1] = last;
    return scales;
  }

  /** Number of tables. */
  public int count() {
    return scales.length;
  }

  /** The standard deviation of table {@code i}. */
  public float scale(int i) {
    return scales[i];
  }

  /**
   * One integer table per scale, as CompressAI's {@code update()} builds them: values within all
   * but 1e-9 of the mass.
   */
  public CdfTables tables() {
    float multiplier = (float) (Math.sqrt(2) * InverseErfc.value(TAIL_MASS));
    int[][] cdfs = new int[scales.length][];
    int[] offsets = new int[scales.length];
    for (int t = 0; t < scales.length; t++) {
      int center = (int) Math.ceil(scales[t] * multiplier);
      float[] pmf = new float[2 * center + 2];
      for (int i = 0; i <= 2 * center; i++) {
        int distance = Math.abs(i - center);
        pmf[i] = StandardScales.settle(scales[t], distance, mass(distance, scales[t]));
      }
      pmf[2 * center + 1] = 2 * cumulative((-0.5f - center) / scales[t]);
      cdfs[t] = PmfToCdf.quantize(pmf, CdfTables.PRECISION);
      offsets[t] = -center;
    }
    return new CdfTables(cdfs, offsets);
  }

  /**
   * The table for a standard deviation: the number of scales, the last one excepted, that are
   * smaller. NaN takes the last table, as in CompressAI.
   */
  public int index(float scale) {
    float bounded = Math.max(scale, bound);
    int index = 0;
    for (int width = (steps.length + 1) >> 1; width > 0; width >>= 1) {
      index += bounded <= steps[index + width - 1] ? 0 : width;
    }
    return Math.min(index, scales.length - 1);
  }

  /**
   * {@link #index} of a run of standard deviations.
   *
   * @param scale standard deviations
   * @param from index of the first
   * @param indexes takes the tables
   * @param to where the first table goes
   * @param count how many
   */
  public void indexes(float[] scale, int from, int[] indexes, int to, int count) {
    for (int i = 0; i < count; i++) {
      indexes[to + i] = index(scale[from + i]);
    }
  }

  /**
   * The probability of a quantized value.
   *
   * @param value difference from the mean
   * @param scale standard deviation; smaller ones are taken as the bound
   */
  public float likelihood(float value, float scale) {
    return mass(Math.abs(value), Math.max(scale, bound));
  }

  private static float mass(float distance, float scale) {
    return cumulative((0.5f - distance) / scale) - cumulative((-0.5f - distance) / scale);
  }

  /**
   * The standard normal distribution; the complementary error function keeps the precision of small
   * values.
   */
  private static float cumulative(float x) {
    return 0.5f * (float) Erfc.value(MINUS_SQRT_HALF * x);
  }

  private static TesseraException corrupt(String what) {
    return new TesseraException.Corrupt(
        "the model's Gaussian conditional is damaged: " + what + "; use another copy of the model",
        -1);
  }
}
