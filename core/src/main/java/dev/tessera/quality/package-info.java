/**
 * Measures of quality beyond {@link dev.tessera.field.Metrics}: structural similarity of slices,
 * and the distance between rate-distortion curves. Uses {@code field} only.
 */
package dev.tessera.quality;
