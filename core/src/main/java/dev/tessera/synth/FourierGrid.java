package dev.tessera.synth;

import java.util.stream.IntStream;
import org.jtransforms.fft.FloatFFT_1D;

/**
 * Discrete Fourier transform of a complex depth×height×width grid, in place, line by line along
 * each axis. Lines are spread over the caller's threads by parallel streams; each is transformed by
 * one thread, so the result does not depend on their number, and no thread pool of the library's
 * own outlives the call.
 */
final class FourierGrid {
  /** Neighbouring lines that are taken together: a cache line of 64 bytes is read once. */
  private static final int TOGETHER = 8;

  private final int depth;
  private final int height;
  private final int width;
  private final FloatFFT_1D alongZ;
  private final FloatFFT_1D alongY;
  private final FloatFFT_1D alongX;

  FourierGrid(int n) {
    this(n, n, n);
  }

  FourierGrid(int depth, int height, int width) {
    this.depth = depth;
    this.height = height;
    this.width = width;
    this.alongX = new FloatFFT_1D(width);
    this.alongY = height == width ? alongX : new FloatFFT_1D(height);
    this.alongZ = depth == height ? alongY : depth == width ? alongX : new FloatFFT_1D(depth);
  }

  void forward(float[] data) {
    transform(data, false);
  }

  /** The inverse of {@link #forward}, scaled by one over the number of cells. */
  void inverse(float[] data) {
    transform(data, true);
  }

  private void transform(float[] data, boolean inverse) {
    alongRows(data, inverse);
    if (height > 1) {
      strided(alongY, data, inverse, depth, height * width, height, width);
    }
    if (depth > 1) {
      strided(alongZ, data, inverse, height, width, depth, height * width);
    }
  }

  private void alongRows(float[] data, boolean inverse) {
    IntStream.range(0, depth)
        .parallel()
        .forEach(z -> {
          float[] buffer = new float[2 * width];
          for (int y = 0; y < height; y++) {
            int at = 2 * (z * height + y) * width;
            System.arraycopy(data, at, buffer, 0, 2 * width);
            line(alongX, buffer, inverse);
            System.arraycopy(buffer, 0, data, at, 2 * width);
          }
        });
  }

  /** Lines of {@code count} elements {@code step} apart that start at outer·i + x. */
  private void strided(
      FloatFFT_1D fourier,
      float[] data,
      boolean inverse,
      int lines,
      int outer,
      int count,
      int step) {
    IntStream.range(0, lines)
        .parallel()
        .forEach(i -> {
          float[][] buffers = new float[TOGETHER][2 * count];
          for (int x = 0; x < width; x += TOGETHER) {
            int together = Math.min(TOGETHER, width - x);
            int start = 2 * (outer * i + x);
            for (int k = 0; k < count; k++) {
              int at = start + 2 * step * k;
              for (int j = 0; j < together; j++) {
                buffers[j][2 * k] = data[at + 2 * j];
                buffers[j][2 * k + 1] = data[at + 2 * j + 1];
              }
            }
            for (int j = 0; j < together; j++) {
              line(fourier, buffers[j], inverse);
            }
            for (int k = 0; k < count; k++) {
              int at = start + 2 * step * k;
              for (int j = 0; j < together; j++) {
                data[at + 2 * j] = buffers[j][2 * k];
                data[at + 2 * j + 1] = buffers[j][2 * k + 1];
              }
            }
          }
        });
  }

  private static void line(FloatFFT_1D fourier, float[] buffer, boolean inverse) {
    if (inverse) {
      fourier.complexInverse(buffer, true);
    } else {
      fourier.complexForward(buffer);
    }
  }
}
