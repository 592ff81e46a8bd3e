/**
 * The CUDA backend of the codec: what runs on the device of a pipeline and of a model, in lanes
 * whose memory is reused. What the device does not do is done here by the same code as on the CPU,
 * so that the bytes are the same.
 */
package dev.tessera.cuda.backend;
