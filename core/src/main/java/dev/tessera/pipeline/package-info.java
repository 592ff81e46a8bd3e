/**
 * Pipelines without a model: quantizers with error bounds, prediction in blocks, packing of the
 * residuals, chunk by chunk (FORMAT.md, "Pipelines"). This is the bit-exact reference for every
 * backend. Uses {@code field}, {@code bytes}, {@code quant}, {@code entropy} and {@code transform}.
 */
package dev.tessera.pipeline;
