/**
 * docs/FORMAT.md in code, except what is inside a stream, a mask or the normalizer's numbers:
 * header, groups, index, checksums, reading any tile. It does not know models or fields' values.
 * Uses {@code field} and {@code bytes}.
 */
package dev.tessera.container;
