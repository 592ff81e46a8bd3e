package dev.tessera.synth;

/** A kind of field whose every parameter is drawn. */
interface FieldFamily {
  /**
   * Values in C order, finite and not all equal; the same for the same grid and seed on every
   * machine.
   */
  float[] generate(Grid grid, Draw draw);
}
