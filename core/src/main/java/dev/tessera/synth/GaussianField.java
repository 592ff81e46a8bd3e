package dev.tessera.synth;

import java.util.stream.IntStream;

/**
 * A Gaussian random field on a periodic n³ grid: white noise, numbered by cell and so the same for
 * any number of threads, coloured in Fourier space. Arrays are complex, interleaved, C order,
 * slowest axis z.
 */
final class GaussianField {
  private GaussianField() {}

  /**
   * The discrete Fourier transform of a linear density contrast.
   *
   * @param n cells along an axis
   * @param cell side of a cell in Mpc/h
   * @param smoothing radius of a Gaussian filter in cells
   */
  static float[] spectrum(int n, double cell, double smoothing, long seed, PowerSpectrum power) {
    float[] amplitude = amplitudes(n, cell, smoothing, power);
    float[] data = noise(n, seed);
    new FourierGrid(n).forward(data);
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          int kz = wave(z, n);
          for (int y = 0; y < n; y++) {
            int ky = wave(y, n);
            for (int x = 0; x < n; x++) {
              int kx = wave(x, n);
              int at = 2 * ((z * n + y) * n + x);
              float factor = amplitude[kx * kx + ky * ky + kz * kz];
              data[at] *= factor;
              data[at + 1] *= factor;
            }
          }
        });
    return data;
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

  private static float[] noise(int n, long seed) {
    float[] data = new float[2 * n * n * n];
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int i = z * n * n; i < (z + 1) * n * n; i++) {
            data[2 * i] = (float) Draw.normalAt(seed, i);
          }
        });
    return data;
  }

  /** The signed wave number of an element of a transform of length {@code n}. */
  static int wave(int index, int n) {
    return index <= n / 2 ? index : index - n;
  }
}
