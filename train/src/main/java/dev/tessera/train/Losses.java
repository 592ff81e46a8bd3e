package dev.tessera.train;

/**
 * Losses of some steps, or of a validation.
 *
 * @param loss what is minimized, without the quantiles' own loss
 * @param bitsPerPixel estimated bits per spatial position, all channels of a tile together
 * @param squaredError mean squared error of normalized values
 */
public record Losses(double loss, double bitsPerPixel, double squaredError) {
  /** Peak signal-to-noise ratio in dB of normalized values, whose range is 1. */
  public double psnr() {
    return -10 * Math.log10(squaredError);
  }

  /** Whether all of them are numbers. */
  public boolean finite() {
    return Double.isFinite(loss) && Double.isFinite(bitsPerPixel) && Double.isFinite(squaredError);
  }
}
