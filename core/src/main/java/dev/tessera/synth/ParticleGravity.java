package dev.tessera.synth;

import dev.tessera.synth.ParticleMesh.Moment;
import java.util.EnumSet;
import java.util.stream.IntStream;

/**
 * Moves one particle a cell by its own gravity on a periodic n³ mesh: leapfrog steps in the linear
 * growth factor D of an Einstein-de Sitter universe, whose kicks and drifts are exact for
 * Zel'dovich's straight lines, so that a handful of steps suffice (Feng, Chu, Seljak and McDonald,
 * "FastPM", MNRAS 463, 2016; List and Hahn, "Perturbation-theory informed integrators for
 * cosmological simulations", J. Comput. Phys. 513, 2024). Unlike Zel'dovich's, matter that has met
 * stays together: filaments and haloes are dense and voids empty.
 *
 * <p>With x the position in cells, dv/dD = −3/(2D) v + 3/(2D²) g and dx/dD = v, where g = −∇∇⁻²δ is
 * D times the initial displacement as long as δ is small.
 */
final class ParticleGravity {
  /**
   * Particles at rest lie in the middle between points of the mesh: small displacements then change
   * the density in proportion, whereas those of particles on its points add to it by their size.
   */
  private static final float SHIFT = 0.5f;

  private ParticleGravity() {}

  /**
   * From D = 0 to D = 1.
   *
   * @param initial displacements along x, y and z that the linear field has at D = 1, in cells
   * @param steps 1 or more of equal length in D; 8 resemble an exact integration
   */
  static ParticleFlow evolve(int n, float[][] initial, int steps) {
    float[][] velocity = initial;
    float[][] displacement = new float[3][n * n * n];
    ParticleFlow flow = new ParticleFlow(n, displacement, velocity);
    for (int step = 0; step < steps; step++) {
      double start = (double) step / steps;
      double middle = (step + 0.5) / steps;
      double end = (step + 1.0) / steps;
      drift(flow, middle - start);
      double kept = start / end * Math.sqrt(start / end);
      kick(flow, (float) kept, (float) ((1 - kept) / middle));
      drift(flow, end - middle);
    }
    return flow;
  }

  private static void drift(ParticleFlow flow, double time) {
    float factor = (float) time;
    int n = flow.n();
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int axis = 0; axis < 3; axis++) {
            float[] displacement = flow.displacement()[axis];
            float[] velocity = flow.velocity()[axis];
            for (int i = z * n * n; i < (z + 1) * n * n; i++) {
              displacement[i] += factor * velocity[i];
            }
          }
        });
  }

  private static void kick(ParticleFlow flow, float kept, float force) {
    int n = flow.n();
    float[] density =
        new ParticleMesh(1, flow, SHIFT).deposit(EnumSet.of(Moment.MASS)).get(Moment.MASS);
    float[] spectrum = new float[2 * n * n * n];
    for (int i = 0; i < density.length; i++) {
      spectrum[2 * i] = density[i] - 1;
    }
    new FourierGrid(n).forward(spectrum);
    sharpen(spectrum, n);
    float[][] gravity = Displacements.of(spectrum, n);
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
              kick(flow, gravity, x, y, z, kept, force);
            }
          }
        });
  }

  /** Undoes what one cloud-in-cell interpolation, sinc² along each axis, takes from the force. */
  private static void sharpen(float[] spectrum, int n) {
    double[] inverse = new double[n];
    for (int i = 0; i < n; i++) {
      double half = Math.PI * GaussianField.wave(i, n) / n;
      double sinc = i == 0 ? 1 : StrictMath.sin(half) / half;
      inverse[i] = 1 / (sinc * sinc);
    }
    IntStream.range(0, n)
        .parallel()
        .forEach(z -> {
          for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
              int at = 2 * ((z * n + y) * n + x);
              float factor = (float) (inverse[z] * inverse[y] * inverse[x]);
              spectrum[at] *= factor;
              spectrum[at + 1] *= factor;
            }
          }
        });
  }

  private static void kick(
      ParticleFlow flow, float[][] gravity, int x, int y, int z, float kept, float force) {
    int n = flow.n();
    int i = (z * n + y) * n + x;
    float px = x + SHIFT + flow.displacement()[0][i];
    float py = y + SHIFT + flow.displacement()[1][i];
    float pz = z + SHIFT + flow.displacement()[2][i];
    int x0 = (int) Math.floor(px);
    int y0 = (int) Math.floor(py);
    int z0 = (int) Math.floor(pz);
    float tx = px - x0;
    float ty = py - y0;
    float tz = pz - z0;
    int left = wrap(x0, n);
    int right = wrap(x0 + 1, n);
    int near = wrap(y0, n) * n;
    int far = wrap(y0 + 1, n) * n;
    int below = wrap(z0, n) * n * n;
    int above = wrap(z0 + 1, n) * n * n;
    for (int axis = 0; axis < 3; axis++) {
      float[] g = gravity[axis];
      float low =
          (1 - ty) * ((1 - tx) * g[below + near + left] + tx * g[below + near + right])
              + ty * ((1 - tx) * g[below + far + left] + tx * g[below + far + right]);
      float high =
          (1 - ty) * ((1 - tx) * g[above + near + left] + tx * g[above + near + right])
              + ty * ((1 - tx) * g[above + far + left] + tx * g[above + far + right]);
      float[] velocity = flow.velocity()[axis];
      velocity[i] = kept * velocity[i] + force * ((1 - tz) * low + tz * high);
    }
  }

  private static int wrap(int index, int n) {
    return index >= 0 && index < n ? index : Math.floorMod(index, n);
  }
}
