package dev.tessera.bench;

import dev.tessera.entropy.CdfTables;
import dev.tessera.entropy.PmfToCdf;
import dev.tessera.field.TesseraException;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Latents drawn at random: some channels hold Laplace-distributed symbols, the others only zeros,
 * each with the table of its own distribution. They stand for models of higher rate.
 */
final class SyntheticLatents {
  private static final Pattern SPEC =
      Pattern.compile("laplace:(\\d{1,5}):(\\d{1,2}(?:\\.\\d{1,6})?)");
  private static final int CHANNELS = 192;
  private static final int SIDE = 8;

  /** Of the tiles that such latents usually stand for: three channels, sixteen pixels a place. */
  private static final int INPUT_BYTES = 3 * (16 * SIDE) * (16 * SIDE) * Float.BYTES;

  private static final double MIN_BITS = 0.5;
  private static final double MAX_BITS = 10;

  /** Scales of the alive channels spread by this many bits around the mean. */
  private static final double SPREAD = 1;

  /** Share of a table's mass beyond its ends. */
  private static final double TAIL = 1e-6;

  private static final int MAX_REACH = 8000;
  private static final int[] DEAD_TABLE = {
    0, (1 << CdfTables.PRECISION) - 2, (1 << CdfTables.PRECISION)
  };

  private SyntheticLatents() {}

  /**
   * Draws latents of 192 channels of 8 by 8.
   *
   * @param spec {@code laplace:ALIVE:BITS}: how many channels are alive, and the mean entropy of
   *     their symbols
   */
  static LatentSet draw(String spec, int tiles) {
    Matcher numbers = SPEC.matcher(spec);
    int alive = numbers.matches() ? Integer.parseInt(numbers.group(1)) : -1;
    double bits = alive < 0 ? 0 : Double.parseDouble(numbers.group(2));
    if (alive < 0 || alive > CHANNELS || bits < MIN_BITS || bits > MAX_BITS) {
      throw new TesseraException.Invalid(
          ("synthetic latents are described as laplace:ALIVE:BITS, such as laplace:160:3.4, with up"
                  + " to %d channels alive and %s to %s bits a symbol, not '%s'")
              .formatted(CHANNELS, MIN_BITS, MAX_BITS, spec));
    }
    Random random = new Random(1);
    boolean[] isAlive = choose(alive, random);
    double[] scales = new double[CHANNELS];
    int[][] cdfs = new int[CHANNELS][];
    int[] offsets = new int[CHANNELS];
    int seen = 0;
    for (int c = 0; c < CHANNELS; c++) {
      cdfs[c] = DEAD_TABLE.clone();
      if (isAlive[c]) {
        double place = alive == 1 ? 0 : (double) seen++ / (alive - 1) - 0.5;
        scales[c] = scale(Math.max(MIN_BITS / 2, bits + SPREAD * place));
        int reach = (int) Math.min(MAX_REACH, Math.ceil(-scales[c] * Math.log(TAIL)));
        cdfs[c] = table(scales[c], reach);
        offsets[c] = -reach;
      }
    }
    int plane = SIDE * SIDE;
    int[] symbols = new int[Math.multiplyExact(tiles, CHANNELS * plane)];
    for (int i = 0; i < symbols.length; i++) {
      int channel = i / plane % CHANNELS;
      symbols[i] = isAlive[channel] ? sample(scales[channel], random) : 0;
    }
    return new LatentSet(
        spec,
        symbols,
        new CdfTables(cdfs, offsets),
        CHANNELS,
        SIDE,
        SIDE,
        (long) tiles * INPUT_BYTES);
  }

  private static boolean[] choose(int alive, Random random) {
    boolean[] chosen = new boolean[CHANNELS];
    for (int c = 0, left = alive; c < CHANNELS; c++) {
      chosen[c] = random.nextInt(CHANNELS - c) < left;
      left -= chosen[c] ? 1 : 0;
    }
    return chosen;
  }

  /** The Laplace scale whose rounded values have an entropy. */
  private static double scale(double bits) {
    double low = 0.05;
    double high = 1e4;
    for (int i = 0; i < 60; i++) {
      double middle = Math.sqrt(low * high);
      if (entropy(middle) < bits) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static double entropy(double scale) {
    double sum = 0;
    for (int k = 0; ; k++) {
      double p = probability(k, scale);
      if (p < 1e-12) {
        return sum;
      }
      sum -= (k == 0 ? 1 : 2) * p * Math.log(p) / Math.log(2);
    }
  }

  /** Of the value k after rounding. */
  private static double probability(int k, double scale) {
    return k == 0
        ? 1 - Math.exp(-0.5 / scale)
        : 0.5 * Math.exp(-(Math.abs(k) - 0.5) / scale) * (1 - Math.exp(-1 / scale));
  }

  private static int[] table(double scale, int reach) {
    float[] pmf = new float[2 * reach + 2];
    double held = 0;
    for (int k = -reach; k <= reach; k++) {
      double p = probability(k, scale);
      pmf[k + reach] = (float) p;
      held += p;
    }
    pmf[2 * reach + 1] = (float) Math.max(0, 1 - held);
    return PmfToCdf.quantize(pmf, CdfTables.PRECISION);
  }

  private static int sample(double scale, Random random) {
    double u = random.nextDouble() - 0.5;
    return (int) Math.rint(-scale * Math.signum(u) * Math.log1p(-2 * Math.abs(u)));
  }
}
