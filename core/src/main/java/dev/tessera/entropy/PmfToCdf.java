package dev.tessera.entropy;

import dev.tessera.field.TesseraException;

/**
 * Turns probabilities into an integer CDF, count for count as CompressAI's {@code
 * pmf_to_quantized_cdf} does.
 */
public final class PmfToCdf {
  private PmfToCdf() {}

  /**
   * The CDF of a probability mass function. Every value gets at least one count, taken where needed
   * from the least frequent value that can spare one (the first of several). What the probabilities
   * lack to 1, or exceed it by, is scaled away.
   *
   * @param pmf probabilities; the last one is the mass outside the table
   * @param precision bits of the result, 1 to 16
   * @return {@code pmf.length + 1} entries that rise strictly from 0 to {@code 2^precision}
   * @throws TesseraException.Invalid if the probabilities are none
   */
  public static int[] quantize(float[] pmf, int precision) {
    if (precision < 1 || precision > 16) {
      throw new TesseraException.Invalid("a CDF has 1 to 16 bits, not " + precision);
    }
    int scale = 1 << precision;
    if (pmf.length == 0 || pmf.length > scale) {
      throw new TesseraException.Invalid(
          "a CDF of "
              + precision
              + " bits has room for 1 to "
              + scale
              + " probabilities, not "
              + pmf.length);
    }
    int[] cdf = new int[pmf.length + 1];
    long total = 0;
    for (int i = 0; i < pmf.length; i++) {
      // the comparison fails for NaN, too
      if (!(pmf[i] >= 0 && pmf[i] <= 1 << 14)) {
        throw new TesseraException.Invalid(
            "probability " + i + " is " + pmf[i] + ": it must be finite and not negative");
      }
      cdf[i + 1] = Math.round(pmf[i] * scale);
      total += cdf[i + 1];
    }
    if (total == 0 || total > Integer.MAX_VALUE) {
      throw new TesseraException.Invalid(
          "the probabilities add up to "
              + (double) total / scale
              + ": they must add up to about 1");
    }
    for (int i = 1; i <= pmf.length; i++) {
      cdf[i] = cdf[i - 1] + (int) ((long) scale * cdf[i] / total);
    }
    cdf[pmf.length] = scale;
    for (int i = 0; i < pmf.length; i++) {
      if (cdf[i] == cdf[i + 1]) {
        steal(cdf, i);
      }
    }
    return cdf;
  }

  /**
   * Moves one count to the empty interval {@code i} by shifting everything between it and the
   * interval that gives.
   */
  private static void steal(int[] cdf, int i) {
    int giver = -1;
    int fewest = Integer.MAX_VALUE;
    for (int j = 0; j < cdf.length - 1; j++) {
      int frequency = cdf[j + 1] - cdf[j];
      if (frequency > 1 && frequency < fewest) {
        fewest = frequency;
        giver = j;
      }
    }
    if (giver < i) {
      for (int j = giver + 1; j <= i; j++) {
        cdf[j]--;
      }
    } else {
      for (int j = i + 1; j <= giver; j++) {
        cdf[j]++;
      }
    }
  }
}
