package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.synth.ParticleMesh.Moment;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParticleGravityTest {
  private static final int N = 32;

  /**
   * A plane wave before its caustic: Zel'dovich's straight lines are the exact solution in one
   * dimension, so that gravity must keep to them in any number of steps.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 8})
  void aPlaneWaveMovesInStraightLines(int steps) {
    float[][] initial = planeWave(0.5);
    ParticleFlow flow = ParticleGravity.evolve(N, copy(initial), steps);
    for (int i = 0; i < N * N * N; i++) {
      assertThat(flow.displacement()[0][i]).isZero();
      // a twentieth of the wave's height: the mesh blurs the force where the wave steepens
      assertThat(flow.displacement()[2][i]).isCloseTo(initial[2][i], within(0.12f));
    }
  }

  /** After the caustic Zel'dovich's streams fly apart, while gravity holds them together. */
  @Test
  void matterThatHasMetStaysTogether() {
    float[][] initial = planeWave(4);
    double free = greatest(ParticleFlow.zeldovich(N, initial));
    double bound = greatest(ParticleGravity.evolve(N, copy(initial), 16));
    assertThat(bound).isGreaterThan(1.5 * free);
  }

  private static double greatest(ParticleFlow flow) {
    float[] mass = new ParticleMesh(2, flow).deposit(EnumSet.of(Moment.MASS)).get(Moment.MASS);
    double most = 0;
    for (float value : mass) {
      most = Math.max(most, value);
    }
    return most;
  }

  /** Along z, one wave in the box; the density is infinite at D = 1 where {@code strength} is 1. */
  private static float[][] planeWave(double strength) {
    float[][] wave = new float[3][N * N * N];
    double k = 2 * Math.PI / N;
    for (int i = 0; i < wave[2].length; i++) {
      wave[2][i] = (float) (-strength / k * Math.sin(k * (i / (N * N))));
    }
    return wave;
  }

  private static float[][] copy(float[][] values) {
    float[][] copies = new float[values.length][];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = values[i].clone();
    }
    return copies;
  }
}
