package dev.tessera.synth;

import java.util.stream.IntStream;
import org.jtransforms.fft.FloatFFT_1D;

/**
 * Discrete Fourier transform of a complex n³ grid, in place, line by line along each axis. Lines
 * are spread over the caller's threads by parallel streams; each is transformed by one thread, so
 * the result does not depend on their number, and no thread pool of the library's own outlives the
 * call.
 */
final class FourierGrid {
  private final int n;
  private final FloatFFT_1D line;

  FourierGrid(int n) {
    this.n = n;
    this.line = new FloatFFT_1D(n);
  }

  void forward(float[] data) {
    transform(data, false);
  }

  /** The inverse of {@link #forward}, scaled by 1/n³. */
  void inverse(float[] data) {
    transform(data, true);
  }

  private void transform(float[] data, boolean inverse) {
    alongAxis(data, inverse, n * n, n, 1);
    alongAxis(data, inverse, n * n, 1, n);
    alongAxis(data, inverse, n, 1, n * n);
  }

  /** Transforms the n² lines that start at outer·i + inner·j and step by {@code step} elements. */
  private void alongAxis(float[] data, boolean inverse, int outer, int inner, int step) {
    IntStream.range(0, n)
        .parallel()
        .forEach(i -> {
          float[] buffer = new float[2 * n];
          for (int j = 0; j < n; j++) {
            int start = outer * i + inner * j;
            for (int k = 0; k < n; k++) {
              int at = 2 * (start + step * k);
              buffer[2 * k] = data[at];
              buffer[2 * k + 1] = data[at + 1];
            }
            if (inverse) {
              line.complexInverse(buffer, true);
            } else {
              line.complexForward(buffer);
            }
            for (int k = 0; k < n; k++) {
              int at = 2 * (start + step * k);
              data[at] = buffer[2 * k];
              data[at + 1] = buffer[2 * k + 1];
            }
          }
        });
  }
}
