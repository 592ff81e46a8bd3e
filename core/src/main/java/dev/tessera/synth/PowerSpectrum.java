package dev.tessera.synth;

/**
 * Linear matter power spectrum of a cold dark matter universe: P(k) ∝ k^0.96 T(k)², with the
 * transfer function of Bardeen, Bond, Kaiser and Szalay, "The statistics of peaks of Gaussian
 * random fields", ApJ 304 (1986), equation G3. Strict arithmetic, so that it is the same on every
 * machine.
 */
final class PowerSpectrum {
  private static final double SPECTRAL_INDEX = 0.96;

  /** Shape parameter Ω_m·h. */
  private static final double SHAPE = 0.21;

  private static final double TOP_HAT_RADIUS = 8;

  private final double norm;

  /**
   * @param sigma8 rms of the linear density contrast in spheres of 8 Mpc/h
   */
  PowerSpectrum(double sigma8) {
    this.norm = sigma8 * sigma8 / topHatVariance();
  }

  /** Power in (Mpc/h)³ at {@code k} in h/Mpc, positive. */
  double at(double k) {
    return norm * shape(k);
  }

  private static double shape(double k) {
    double q = k / SHAPE;
    double a = 2.34 * q;
    double polynomial =
        1 + 3.89 * q + square(16.1 * q) + square(5.46 * q) * (5.46 * q) + square(square(6.71 * q));
    double transfer = StrictMath.log1p(a) / a / StrictMath.sqrt(StrictMath.sqrt(polynomial));
    return StrictMath.pow(k, SPECTRAL_INDEX) * transfer * transfer;
  }

  /** ∫ k³ P W² / 2π² d ln k by the trapezium rule, W the Fourier transform of a ball. */
  private static double topHatVariance() {
    double step = 0.01;
    double sum = 0;
    for (int i = -1000; i <= 500; i++) {
      double k = StrictMath.exp(i * step);
      double x = k * TOP_HAT_RADIUS;
      double window = 3 * (StrictMath.sin(x) - x * StrictMath.cos(x)) / (x * x * x);
      sum += k * k * k * shape(k) * window * window * step;
    }
    return sum / (2 * Math.PI * Math.PI);
  }

  private static double square(double x) {
    return x * x;
  }
}
