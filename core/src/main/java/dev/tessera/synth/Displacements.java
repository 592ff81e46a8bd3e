package dev.tessera.synth;

import java.util.stream.IntStream;

/**
 * Displacements ψ = −∇∇⁻²δ of a density contrast δ on a periodic n³ grid, in cells, so that δ =
 * −∇·ψ: the Zel'dovich approximation's, and the gravity of a particle mesh.
 */
final class Displacements {
  private Displacements() {}

  /**
   * Along x, y and z, each n³ values in C order.
   *
   * @param contrast the discrete Fourier transform of δ, complex, interleaved; it is overwritten
   */
  static float[][] of(float[] contrast, int n) {
    float[][] result = new float[3][];
    float[] xy = contrast.clone();
    transform(xy, n, true);
    result[0] = everyOther(xy, 0);
    result[1] = everyOther(xy, 1);
    transform(contrast, n, false);
    result[2] = everyOther(contrast, 0);
    return result;
  }

  /**
   * Two real fields by one transform: if A and B are spectra of real fields, the inverse transform
   * of A + iB has the first as real and the second as imaginary part. With k per cell, ψ = i k δ /
   * k². The pairs are (x, y) and (z, δ).
   */
  private static void transform(float[] data, int n, boolean xy) {
    double unit = 2 * Math.PI / n;
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          int kz = GaussianField.wave(z, n);
          for (int y = 0; y < n; y++) {
            int ky = GaussianField.wave(y, n);
            for (int x = 0; x < n; x++) {
              int kx = GaussianField.wave(x, n);
              int square = kx * kx + ky * ky + kz * kz;
              int at = 2 * ((z * n + y) * n + x);
              float re = data[at];
              float im = data[at + 1];
              double inverse = square == 0 ? 0 : 1 / (unit * square);
              // i·a + i·(i·b) = −b + i·a for the pair (x, y); i·c + i·1 = i·(c + 1) for (z, δ)
              double real = xy ? -odd(ky, n) * inverse : 0;
              double imaginary = xy ? odd(kx, n) * inverse : odd(kz, n) * inverse + 1;
              data[at] = (float) (re * real - im * imaginary);
              data[at + 1] = (float) (re * imaginary + im * real);
            }
          }
        });
    new FourierGrid(n).inverse(data);
  }

  /** A wave number as factor of an odd function, which vanishes at the Nyquist frequency. */
  private static int odd(int k, int n) {
    return 2 * k == n ? 0 : k;
  }

  private static float[] everyOther(float[] pairs, int first) {
    float[] values = new float[pairs.length / 2];
    for (int i = 0; i < values.length; i++) {
      values[i] = pairs[2 * i + first];
    }
    return values;
  }
}
