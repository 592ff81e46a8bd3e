package dev.tessera.bench;

import dev.tessera.field.Metrics;

/**
 * How near a restored field is in one domain.
 *
 * @param metrics over all values
 * @param ssim mean structural similarity of the slices; NaN where slices are too small or too large
 * @param multiScale likewise, over five scales; NaN where slices are smaller than 176
 */
public record DomainQuality(Metrics metrics, double ssim, double multiScale) {}
