/**
 * CUDA: the driver bound through {@link java.lang.foreign}, memory that is reused, kernels compiled
 * on demand, and what is built on them. Nothing here needs a GPU to be loaded: {@link
 * dev.tessera.cuda.CudaDriver#unavailable} says why there is none. Uses core's {@code field},
 * {@code entropy}, {@code quant}, {@code pipeline} and {@code model}.
 */
package dev.tessera.cuda;
