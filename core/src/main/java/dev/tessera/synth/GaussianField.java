package dev.tessera.synth;

import java.util.stream.IntStream;

/**
 * A Gaussian random field on a periodic n³ grid and the displacements that it drives: white noise,
 * numbered by cell and so the same for any number of threads, is coloured in Fourier space. Arrays
 * are complex, interleaved, C order, slowest axis z.
 */
final class GaussianField {
  private final int n;
  private final long seed;
  private final float[] amplitude;

  /**
   * @param n cells along an axis
   * @param cell side of a cell in Mpc/h
   * @param smoothing radius of a Gaussian filter in cells
   */
  GaussianField(int n, double cell, double smoothing, long seed, PowerSpectrum spectrum) {
    this.n = n;
    this.seed = seed;
    this.amplitude = amplitudes(n, cell, smoothing, spectrum);
  }

  /**
   * √(P/V) of every squared integer wave number; unit white noise has power V, the volume of a
   * cell.
   */
  private static float[] amplitudes(int n, double cell, double smoothing, PowerSpectrum spectrum) {
    int half = n / 2;
    float[] amplitudes = new float[3 * half * half + 1];
    for (int square = 1; square < amplitudes.length; square++) {
      double perCell = 2 * Math.PI / n * Math.sqrt(square);
      double filter = StrictMath.exp(-0.5 * perCell * perCell * smoothing * smoothing);
      double power = spectrum.at(perCell / cell) / (cell * cell * cell);
      amplitudes[square] = (float) (Math.sqrt(power) * filter);
    }
    return amplitudes;
  }

  /** Standard normal number of a cell. */
  static double normal(long seed, long index) {
    long a = mix(mix(seed) + 2 * index);
    long b = mix(mix(seed) + 2 * index + 1);
    double u = ((a >>> 11) + 1) * 0x1p-53;
    double v = (b >>> 11) * 0x1p-53;
    return Math.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(2 * Math.PI * v);
  }

  /** The output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
  private static long mix(long state) {
    long z = state * 0x9e3779b97f4a7c15L + 0x632be59bd9b4e019L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** Displacements along x (real parts) and y (imaginary parts), in cells. */
  float[] displacementXY() {
    return transform(true);
  }

  /** Displacements along z (real parts) and the linear density contrast (imaginary parts). */
  float[] displacementZAndContrast() {
    return transform(false);
  }

  /**
   * Two real fields by one transform: if A and B are spectra of real fields, the inverse transform
   * of A + iB has the first as real and the second as imaginary part. A displacement is ψ = i k δ /
   * k² (in cells, with k per cell), so that δ = −∇·ψ.
   */
  private float[] transform(boolean xy) {
    float[] data = noise();
    FourierGrid fourier = new FourierGrid(n);
    fourier.forward(data);
    double unit = 2 * Math.PI / n;
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          int kz = wave(z);
          for (int y = 0; y < n; y++) {
            int ky = wave(y);
            for (int x = 0; x < n; x++) {
              int kx = wave(x);
              int square = kx * kx + ky * ky + kz * kz;
              int at = 2 * ((z * n + y) * n + x);
              float re = data[at] * amplitude[square];
              float im = data[at + 1] * amplitude[square];
              double inverse = square == 0 ? 0 : 1 / (unit * square);
              // i·a + i·(i·b) = −b + i·a for the pair (x, y); i·c + i·1 = i·(c + 1) for (z, δ)
              double real = xy ? -odd(ky) * inverse : 0;
              double imaginary = xy ? odd(kx) * inverse : odd(kz) * inverse + 1;
              data[at] = (float) (re * real - im * imaginary);
              data[at + 1] = (float) (re * imaginary + im * real);
            }
          }
        });
    fourier.inverse(data);
    return data;
  }

  private float[] noise() {
    float[] data = new float[2 * n * n * n];
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int i = z * n * n; i < (z + 1) * n * n; i++) {
            data[2 * i] = (float) normal(seed, i);
          }
        });
    return data;
  }

  private int wave(int index) {
    return index <= n / 2 ? index : index - n;
  }

  /** A wave number as factor of an odd function, which vanishes at the Nyquist frequency. */
  private int odd(int k) {
    return 2 * k == n ? 0 : k;
  }
}
