package dev.tessera.cuda.network;

import dev.tessera.cuda.CudaTileValues;
import dev.tessera.cuda.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/**
 * A batch of images on the device; the layer that reads or writes them knows channels, type and
 * order.
 *
 * @param buffer where they are
 * @param tiles how many
 * @param height rows of an image
 * @param width columns of an image
 * @param fieldValues how a field's own values become images, as {@link CudaTileValues#of} says it;
 *     null where the images are none
 */
record Images(DeviceBuffer buffer, int tiles, int height, int width, MemorySegment fieldValues) {
  /** Images of numbers that need no more explanation. */
  Images(DeviceBuffer buffer, int tiles, int height, int width) {
    this(buffer, tiles, height, width, null);
  }

  /** Pixels of all images. */
  long pixels() {
    return (long) tiles * height * width;
  }
}
