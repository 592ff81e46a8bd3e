package dev.tessera.cuda.network;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Images of checks: on the host in float64, {@code tile × channels × height × width}, and as they
 * stand in device memory.
 *
 * @param values rounded to what can be stored
 */
record CheckImages(int tiles, int channels, int height, int width, double[] values) {
  /** Values of a normal distribution, some of them far smaller. */
  static CheckImages random(
      int tiles, int channels, int height, int width, LayerInput stored, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = new double[tiles * channels * height * width];
    for (int i = 0; i < values.length; i++) {
      double value = random.nextGaussian() * (random.nextInt(4) == 0 ? 0.01 : 1);
      values[i] = rounded(value / stored.scale(), stored.type()) * stored.scale();
    }
    return new CheckImages(tiles, channels, height, width, values);
  }

  private static double rounded(double value, ActivationType type) {
    return switch (type) {
      case FLOAT -> (float) value;
      case HALF -> Float.float16ToFloat(HalfMatrix.half((float) value));
      case E4M3 -> E4m3.toFloat(E4m3.of((float) value));
    };
  }

  /** Values of a tile. */
  int perTile() {
    return channels * height * width;
  }

  double[] tile(int number) {
    double[] tile = new double[perTile()];
    System.arraycopy(values, number * tile.length, tile, 0, tile.length);
    return tile;
  }

  /** The same after a layer, in float64. */
  CheckImages after(Convolution layer) {
    int outHeight = layer.outputSide(height);
    int outWidth = layer.outputSide(width);
    int perOutput = layer.outputs() * outHeight * outWidth;
    double[] out = new double[tiles * perOutput];
    ReferenceConvolution reference = new ReferenceConvolution(layer);
    IntStream.range(0, tiles)
        .forEach(i ->
            System.arraycopy(
                reference.run(tile(i), height, width), 0, out, i * perOutput, perOutput));
    return new CheckImages(tiles, layer.outputs(), outHeight, outWidth, out);
  }

  /** The absolute values. */
  CheckImages absolute() {
    double[] all = Arrays.stream(values).map(Math::abs).toArray();
    return new CheckImages(tiles, channels, height, width, all);
  }

  /** Bytes of the images as activations. */
  long pixelBytes(ActivationType type) {
    return (long) tiles * height * width * Convolution.padded(channels) * type.bytes();
  }

  /** Bytes of the images plane by plane, 4 each value. */
  long planeBytes() {
    return (long) values.length * Float.BYTES;
  }

  /** Writes the images plane by plane as float32. */
  void toPlanes(MemorySegment to) {
    for (int i = 0; i < values.length; i++) {
      to.setAtIndex(JAVA_FLOAT, i, (float) values[i]);
    }
  }

  /** Writes the images as activations, padding included. */
  void toPixels(MemorySegment to, LayerInput stored) {
    to.fill((byte) 0);
    int padded = Convolution.padded(channels);
    for (int i = 0; i < values.length; i++) {
      float value = (float) (values[i] / stored.scale());
      long at = pixelIndex(i, padded);
      switch (stored.type()) {
        case FLOAT -> to.setAtIndex(JAVA_FLOAT, at, value);
        case HALF -> to.setAtIndex(JAVA_SHORT, at, HalfMatrix.half(value));
        case E4M3 -> to.set(JAVA_BYTE, at, E4m3.of(value));
      }
    }
  }

  private long pixelIndex(int i, int padded) {
    int plane = height * width;
    int tile = i / (channels * plane);
    int channel = i / plane % channels;
    return ((long) tile * plane + i % plane) * padded + channel;
  }

  /** These sizes with the values that stand in memory, however they stand. */
  CheckImages read(MemorySegment from, LayerOutput stored) {
    double[] found = new double[values.length];
    int padded = Convolution.padded(channels);
    for (int i = 0; i < found.length; i++) {
      found[i] =
          switch (stored.form()) {
            case PLANES -> from.getAtIndex(JAVA_FLOAT, i);
            case SYMBOLS -> from.getAtIndex(JAVA_INT, i);
            case PIXELS -> stored(from, pixelIndex(i, padded), stored.type()) * stored.scale();
          };
    }
    return new CheckImages(tiles, channels, height, width, found);
  }

  private static double stored(MemorySegment from, long at, ActivationType type) {
    return switch (type) {
      case FLOAT -> from.getAtIndex(JAVA_FLOAT, at);
      case HALF -> Float.float16ToFloat(from.getAtIndex(JAVA_SHORT, at));
      case E4M3 -> E4m3.toFloat(from.get(JAVA_BYTE, at));
    };
  }

  /** Whether all channels that only pad are zero in memory. */
  boolean isPaddingZero(MemorySegment from, ActivationType type) {
    int padded = Convolution.padded(channels);
    long pixels = (long) tiles * height * width;
    for (long p = 0; p < pixels; p++) {
      for (int c = channels; c < padded; c++) {
        if (stored(from, p * padded + c, type) != 0) {
          return false;
        }
      }
    }
    return true;
  }

  /** {@code ‖this − expected‖ / ‖expected‖}; NaN if a value is none. */
  double distance(CheckImages expected) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < values.length; i++) {
      double difference = values[i] - expected.values[i];
      error += difference * difference;
      norm += expected.values[i] * expected.values[i];
    }
    return Math.sqrt(error / norm);
  }
}
