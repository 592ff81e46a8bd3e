package dev.tessera.synth;

/**
 * Gaussian random fields with a power-law spectrum and what simple functions make of them:
 * lognormal densities (Coles and Jones, MNRAS 248, 1991), two phases with a soft interface, ridges
 * and clipped plateaus.
 */
final class GaussianFamily implements FieldFamily {
  @Override
  public float[] generate(Grid grid, Draw draw) {
    SpectralNoise noise =
        new SpectralNoise(
            draw.uniform(2.4, 5.2),
            draw.logUniform(16, 1000),
            draw.chance(0.5) ? 0 : draw.logUniform(0.5, 3),
            SpectralNoise.drawAlongZ(draw),
            draw.chance(0.6) ? 1 : draw.logUniform(0.3, 3));
    float[][] fields = noise.pair(grid, draw.seed());
    int kind = draw.integer(0, 5);
    double strength = draw.logUniform(0.4, 2);
    double mixed = draw.chance(0.3) ? draw.uniform(0.05, 0.3) : 0;
    float[] values = fields[0];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (shape(kind, values[i], strength) + mixed * fields[1][i]);
    }
    return values;
  }

  private static double shape(int kind, double value, double strength) {
    return switch (kind) {
      case 0, 1 -> value;
      case 2 -> StrictMath.exp(strength * value);
      case 3 -> StrictMath.tanh(3 * strength * value);
      case 4 -> 1 - Math.abs(value);
      default -> Math.max(-0.7, value);
    };
  }
}
