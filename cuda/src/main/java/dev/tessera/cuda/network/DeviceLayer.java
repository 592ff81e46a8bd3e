package dev.tessera.cuda.network;

import dev.tessera.cuda.DeviceBuffer;

/** A layer with its weights on the device, and its kernel. */
interface DeviceLayer {
  /**
   * Prepares the launches for a batch.
   *
   * @param in input; sides are those of the layer's input
   * @param out output; sides are those of the layer's output
   * @param errors a 32-bit word that is not 0 once a latent was no number that a symbol can stand
   *     for; used by layers that store symbols
   */
  Step plan(Images in, Images out, DeviceBuffer errors);
}
