/**
 * A model's networks on a device: what stands between tiles, latents and symbols, in device memory.
 * A {@link dev.tessera.cuda.network.CudaNetwork} holds packed weights and makes plans of launches;
 * nothing allocates or waits while a plan runs. Uses core's {@code model} and {@code transform}.
 */
package dev.tessera.cuda.network;
