package dev.tessera.synth;

/**
 * Incompressible flow in a periodic plane with a scalar that it carries, in cells and steps:
 * vorticity by a spectral Poisson solver for the stream function (Canuto et al., "Spectral Methods
 * in Fluid Dynamics", 1988) and semi-Lagrangian advection with cubic interpolation (Staniforth and
 * Côté, Mon. Weather Rev. 119, 1991), which is stable for any step.
 */
final class PlaneFlow {
  /** What drives the flow. */
  enum Drive {
    /** Inertia alone: vortices that merge. */
    INERTIA,
    /** Inertia and the scalar's weight: Boussinesq's thermals and plumes. */
    BUOYANCY,
    /** The scalar's weight against friction, as in a porous medium (Darcy): fingers. */
    POROUS
  }

  private final Grid plane;
  private final Drive drive;
  private final float weight;
  private final double decay;
  private final FourierGrid fourier;
  private final float[] pair;
  private float[] vorticity;
  private float[] scalar;

  /**
   * @param vorticity at the beginning, per step
   * @param scalar at the beginning
   * @param weight vorticity that a difference of 1 over a cell along x makes in a step
   * @param decay of both by diffusion, in cells² a step
   */
  PlaneFlow(
      Grid plane, Drive drive, float[] vorticity, float[] scalar, double weight, double decay) {
    this.plane = plane;
    this.drive = drive;
    this.vorticity = vorticity;
    this.scalar = scalar;
    this.weight = (float) weight;
    this.decay = decay;
    this.fourier = new FourierGrid(1, plane.height(), plane.width());
    this.pair = new float[2 * plane.cells()];
  }

  /** What the flow carries. */
  float[] scalar() {
    return scalar;
  }

  float[] vorticity() {
    return vorticity;
  }

  /** One step; afterwards {@link #velocity} is that which made it. */
  void step() {
    if (drive != Drive.INERTIA) {
      float[] torque = TurbulenceFamily.difference(plane, scalar, 2);
      for (int i = 0; i < torque.length; i++) {
        float before = drive == Drive.POROUS ? 0 : vorticity[i];
        vorticity[i] = before + weight * torque[i];
      }
    }
    diffuse();
    solve();
    float[] movedVorticity = new float[vorticity.length];
    float[] movedScalar = new float[scalar.length];
    for (int y = 0; y < plane.height(); y++) {
      for (int x = 0; x < plane.width(); x++) {
        int i = y * plane.width() + x;
        double fromX = x - pair[2 * i];
        double fromY = y - pair[2 * i + 1];
        movedVorticity[i] = (float) Resample.cubic(plane, vorticity, fromY, fromX);
        movedScalar[i] = (float) Resample.cubic(plane, scalar, fromY, fromX);
      }
    }
    vorticity = movedVorticity;
    scalar = movedScalar;
  }

  /** Size of the velocity in cells a step. */
  float[] speed() {
    float[] speed = new float[plane.cells()];
    for (int i = 0; i < speed.length; i++) {
      speed[i] = (float) Math.sqrt(pair[2 * i] * pair[2 * i] + pair[2 * i + 1] * pair[2 * i + 1]);
    }
    return speed;
  }

  /** Velocity along x (0) or y (1). */
  float[] velocity(int axis) {
    float[] velocity = new float[plane.cells()];
    for (int i = 0; i < velocity.length; i++) {
      velocity[i] = pair[2 * i + axis];
    }
    return velocity;
  }

  /** Both fields at once, as real and imaginary part. */
  private void diffuse() {
    for (int i = 0; i < plane.cells(); i++) {
      pair[2 * i] = vorticity[i];
      pair[2 * i + 1] = scalar[i];
    }
    fourier.forward(pair);
    forEachWave((i, kx, ky) -> {
      float kept = (float) (1 / (1 + decay * (kx * kx + ky * ky)));
      pair[2 * i] *= kept;
      pair[2 * i + 1] *= kept;
    });
    fourier.inverse(pair);
    for (int i = 0; i < plane.cells(); i++) {
      vorticity[i] = pair[2 * i];
      scalar[i] = pair[2 * i + 1];
    }
  }

  /** From the vorticity ω, ∇²ψ = −ω, the velocity (∂ψ/∂y, −∂ψ/∂x) as real and imaginary part. */
  private void solve() {
    for (int i = 0; i < plane.cells(); i++) {
      pair[2 * i] = vorticity[i];
      pair[2 * i + 1] = 0;
    }
    fourier.forward(pair);
    forEachWave((i, kx, ky) -> {
      double square = kx * kx + ky * ky;
      double inverse = square == 0 ? 0 : 1 / square;
      // i·ky + i·(−i·kx) = kx + i·ky
      double real = kx * inverse;
      double imaginary = ky * inverse;
      double re = pair[2 * i];
      double im = pair[2 * i + 1];
      pair[2 * i] = (float) (re * real - im * imaginary);
      pair[2 * i + 1] = (float) (re * imaginary + im * real);
    });
    fourier.inverse(pair);
  }

  private interface Wave {
    void visit(int index, double kx, double ky);
  }

  private void forEachWave(Wave visitor) {
    for (int y = 0; y < plane.height(); y++) {
      double ky = 2 * Math.PI * GaussianField.wave(y, plane.height()) / plane.height();
      for (int x = 0; x < plane.width(); x++) {
        double kx = 2 * Math.PI * GaussianField.wave(x, plane.width()) / plane.width();
        visitor.visit(y * plane.width() + x, kx, ky);
      }
    }
  }
}
