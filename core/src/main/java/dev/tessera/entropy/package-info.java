/**
 * Entropy coding of integer symbols: tables, rANS, the cutting of a latent into streams, the check
 * of decoded symbols, and the building of tables where a model has none. This is the bit-exact
 * reference for every backend. Uses {@code field} and {@code bytes}.
 */
package dev.tessera.entropy;
