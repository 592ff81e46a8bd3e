package dev.tessera.synth;

import java.util.Locale;

/**
 * What a synthetic universe is made with. {@link #DEFAULT} is the one of {@code tessera synth}, and
 * {@link #varied} draws one from the ranges that stand there, which span what simulations at
 * redshifts of 5 to 0.5 show, well resolved or not. {@link #linear} draws one of the kind that
 * simple generators make.
 */
record CosmologyParameters(Matter matter, Gas gas) {
  /** From this σ₈ on, Zel'dovich's voids are empty enough. */
  private static final double STREAMS_CROSSED = 0.4;

  static final CosmologyParameters DEFAULT =
      new CosmologyParameters(
          new Matter(0.5, 0.26, 1.0, 1.7, 2, 0, 0, false, 1e-3, 6.4e6),
          new Gas(1.2, 1.2, 1.2e4, 0.42, 0.13, 2.0, 6e4, 10, 1.3, 0, 0));

  /**
   * Dark matter.
   *
   * @param cell side of a cell in Mpc/h
   * @param sigma8 rms of the linear density contrast in spheres of 8 Mpc/h, at the time of the
   *     picture
   * @param smoothing of the linear field: radius of a Gaussian filter in cells
   * @param contrast power of the density, which is then brought back to mean 1: without gravity at
   *     small scales voids stay too full and haloes too thin. 1 leaves the density as it is
   * @param particlesPerAxis particles that start in a cell along each axis: with 1, voids are as
   *     grainy as a simulation's
   * @param gravitySteps steps of {@link ParticleGravity}; 0 for the Zel'dovich approximation
   * @param spread of a particle's mass besides cloud-in-cell: radius of a Gaussian filter in cells;
   *     0 for none
   * @param linearVelocity whether the velocity is the linear theory's in each cell, a Gaussian
   *     field, and not that of the matter that has come there; streams that meet then do not heat
   * @param floor least density, as a share of the mean: no logarithm takes zero
   * @param velocity cm/s of a displacement by 1 Mpc/h, f·H·a/h
   */
  record Matter(
      double cell,
      double sigma8,
      double smoothing,
      double contrast,
      int particlesPerAxis,
      int gravitySteps,
      double spread,
      boolean linearVelocity,
      double floor,
      double velocity) {}

  /**
   * Baryons and their temperature.
   *
   * @param pressureRadius Gaussian smoothing of the dark matter's density by gas pressure, in cells
   * @param flowRadius smoothing of the flow whose convergence heats, in cells
   * @param meanTemperature T₀ of T = T₀ Δ^slope, in K
   * @param slope γ − 1
   * @param scatter of log₁₀ T
   * @param scatterRadius how far scatter is correlated, in cells
   * @param shockTemperature in K, of gas of {@code shockDensity} that converges
   * @param shockDensity in mean densities
   * @param shockSlope power of density in the heating by shocks
   * @param dispersion share of the kinetic energy of streams that meet which becomes heat, 0 to 1:
   *     the edges of regions with several streams are where simulated gas is shocked
   * @param velocityRadius smoothing of the velocity that is shown, in cells; 0 for dark matter's
   *     own
   */
  record Gas(
      double pressureRadius,
      double flowRadius,
      double meanTemperature,
      double slope,
      double scatter,
      double scatterRadius,
      double shockTemperature,
      double shockDensity,
      double shockSlope,
      double dispersion,
      double velocityRadius) {}

  /** All parameters as one line for people. */
  String description() {
    return String.format(
        Locale.ROOT,
        "cell %.3g Mpc/h, sigma8 %.3g, smoothing %.2g cells, %s, %s per cell%s, contrast %.3g;"
            + " pressure %.3g cells, T0 %.3g K, slope %.3g, scatter %.2g over %.3g cells,"
            + " shocks %.2g K at %.3g with slope %.3g, flow over %.3g cells, dispersion %.2g,"
            + " %s over %.2g cells",
        matter.cell,
        matter.sigma8,
        matter.smoothing,
        matter.gravitySteps == 0 ? "Zel'dovich" : "gravity in " + matter.gravitySteps + " steps",
        matter.particlesPerAxis == 1 ? "1 particle" : "8 particles",
        matter.spread == 0 ? "" : String.format(Locale.ROOT, " spread %.2g cells", matter.spread),
        matter.contrast,
        gas.pressureRadius,
        gas.meanTemperature,
        gas.slope,
        gas.scatter,
        gas.scatterRadius,
        gas.shockTemperature,
        gas.shockDensity,
        gas.shockSlope,
        gas.flowRadius,
        gas.dispersion,
        matter.linearVelocity ? "linear velocity" : "velocity",
        gas.velocityRadius);
  }

  /** Parameters drawn from a seed. */
  static CosmologyParameters varied(long seed) {
    Draw draw = new Draw(seed);
    double scale = draw.logUniform(1.5, 6); // 1 + z
    Matter matter = draw.chance(0.5) ? simulated(draw, scale) : approximated(draw, scale);
    return new CosmologyParameters(matter, gas(draw, 0.3, 0.4));
  }

  /**
   * Parameters, drawn from a seed, of what a few lines of code make of linear theory: every cell's
   * particle is moved far along its straight line, with all power that the grid has, and the
   * velocity is the Gaussian field that moved it. Such densities have few peaks, streams that cross
   * and ragged voids: their logarithm has its tail below, where that of {@link #varied} has it
   * above.
   */
  static CosmologyParameters linear(long seed) {
    Draw draw = new Draw(seed);
    double cell = draw.logUniform(0.03, 0.6);
    double rms = draw.logUniform(1.2, 3); // of the linear contrast in a cell
    double scale = draw.logUniform(1.5, 6); // 1 + z
    Matter matter =
        new Matter(
            cell,
            rms * sigma8OfUnitContrast(cell),
            draw.chance(0.7) ? 0 : draw.logUniform(0.25, 0.6),
            1,
            draw.chance(0.9) ? 1 : 2,
            0,
            draw.chance(0.15) ? 0 : draw.logUniform(0.4, 0.75),
            true,
            draw.logUniform(5e-4, 5e-3),
            velocity(scale));
    return new CosmologyParameters(matter, gas(draw, 1, 0.9));
  }

  /**
   * σ₈ with which the linear contrast in a cell has about unit rms: of the spectrum's power that a
   * grid of 128 to 256 cells an axis holds, within a sixth for cells of 0.03 to 2 Mpc/h.
   */
  private static double sigma8OfUnitContrast(double cell) {
    return 0.27 * StrictMath.pow(cell, 0.31);
  }

  /**
   * @param cold share of universes whose streams do not heat when they meet
   * @param sharp share whose velocity is not smoothed
   */
  private static Gas gas(Draw draw, double cold, double sharp) {
    return new Gas(
        draw.logUniform(0.6, 2.4),
        draw.logUniform(0.8, 2),
        draw.logUniform(6e3, 2e4),
        draw.uniform(0.25, 0.7),
        draw.chance(0.3) ? 0 : draw.logUniform(0.02, 0.16),
        draw.logUniform(1.2, 5),
        draw.chance(0.3) ? 0 : draw.logUniform(1e4, 1e5),
        draw.uniform(6, 14),
        draw.uniform(0.8, 1.4),
        draw.chance(cold) ? 0 : draw.logUniform(0.1, 1),
        draw.chance(sharp) ? 0 : draw.logUniform(0.8, 2.5));
  }

  private static Matter simulated(Draw draw, double scale) {
    boolean grainy = draw.chance(0.2);
    return new Matter(
        draw.logUniform(0.1, 0.8),
        sigma8(draw, scale),
        draw.logUniform(0.3, 1),
        1,
        grainy ? 1 : 2,
        draw.integer(5, 8),
        0,
        false,
        floor(draw, grainy),
        velocity(scale));
  }

  private static Matter approximated(Draw draw, double scale) {
    boolean grainy = draw.chance(0.2);
    double sigma8 = sigma8(draw, scale);
    boolean early = sigma8 < STREAMS_CROSSED;
    return new Matter(
        draw.logUniform(0.25, 1),
        sigma8,
        draw.chance(0.2) ? 0 : draw.logUniform(0.5, 2),
        early && draw.chance(0.6) ? draw.uniform(1.2, 1.9) : 1,
        grainy ? 1 : 2,
        0,
        0,
        false,
        floor(draw, grainy),
        velocity(scale));
  }

  private static double floor(Draw draw, boolean grainy) {
    return grainy ? draw.logUniform(1e-3, 3e-2) : 1e-3;
  }

  /** Of a universe whose σ₈ at high redshift is close to 1.03 / (1 + z): about 0.82 today. */
  private static double sigma8(Draw draw, double scale) {
    return draw.uniform(0.9, 1.15) / scale;
  }

  /** f·H·a in cm/s per Mpc/h for Ω_m = 0.31, while matter rules. */
  private static double velocity(double scale) {
    return 5.57e6 * Math.sqrt(scale);
  }
}
