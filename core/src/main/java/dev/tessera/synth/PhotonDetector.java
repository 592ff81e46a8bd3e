package dev.tessera.synth;

/**
 * What a camera makes of an expected number of photons: shot noise, gain, offset, read noise, whole
 * numbers and saturation (Janesick, "Photon Transfer", SPIE, 2007).
 *
 * @param gain counts per photon
 * @param offset counts without light
 * @param readNoise in counts
 * @param full largest count
 */
record PhotonDetector(double gain, double offset, double readNoise, double full) {
  static PhotonDetector camera(Draw draw) {
    return new PhotonDetector(
        draw.logUniform(0.5, 8),
        draw.chance(0.3) ? 0 : draw.uniform(50, 500),
        draw.chance(0.3) ? 0 : draw.logUniform(0.5, 8),
        draw.oneOf(4095, 65535, 65535));
  }

  /** Counts in place of expected photons, which are not negative. */
  void expose(float[] photons, Draw draw) {
    for (int i = 0; i < photons.length; i++) {
      double counts = gain * draw.poisson(photons[i]) + offset;
      if (readNoise > 0) {
        counts += readNoise * draw.normal();
      }
      photons[i] = (float) Math.clamp(Math.rint(counts), 0, full);
    }
  }
}
