/**
 * What happens to values that a transform cannot carry: special values and their masks, stored bit
 * by bit; later quantizers with error bounds. Uses {@code field} and {@code bytes}.
 */
package dev.tessera.quant;
