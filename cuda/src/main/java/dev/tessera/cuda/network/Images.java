package dev.tessera.cuda.network;

import dev.tessera.cuda.DeviceBuffer;

/**
 * A batch of images on the device; the layer that reads or writes them knows channels, type and
 * order.
 *
 * @param buffer where they are
 * @param tiles how many
 * @param height rows of an image
 * @param width columns of an image
 */
record Images(DeviceBuffer buffer, int tiles, int height, int width) {
  /** Pixels of all images. */
  long pixels() {
    return (long) tiles * height * width;
  }
}
