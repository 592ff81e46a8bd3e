package dev.tessera.synth;

/**
 * Where matter that started in each cell of a periodic n³ grid is and how it moves: displacements
 * and velocities along x, y and z, each n³ values in C order. Velocities are displacements per unit
 * of the linear growth factor, which is 1 when the picture is taken; Zel'dovich's are equal to the
 * displacements.
 *
 * @param displacement in cells
 * @param velocity in cells
 */
record ParticleFlow(int n, float[][] displacement, float[][] velocity) {
  /** The Zel'dovich approximation (Zel'dovich, A&amp;A 5, 1970): straight lines. */
  static ParticleFlow zeldovich(int n, float[][] displacement) {
    return new ParticleFlow(n, displacement, displacement);
  }
}
