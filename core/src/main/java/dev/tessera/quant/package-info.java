/**
 * What happens to values before they are coded: special values and their masks, stored bit by bit;
 * the blocks that quantized integers are cut into, and the predictors that work in them. Quantizers
 * with error bounds stand in {@code pipeline}. Uses {@code field} and {@code bytes}.
 */
package dev.tessera.quant;
