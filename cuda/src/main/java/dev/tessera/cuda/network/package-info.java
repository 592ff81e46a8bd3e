/**
 * A model's networks on a device: what stands between tiles, latents and symbols, in device memory.
 */
package dev.tessera.cuda.network;
