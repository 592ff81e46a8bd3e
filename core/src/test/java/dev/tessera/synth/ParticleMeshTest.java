package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.synth.ParticleMesh.Moment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParticleMeshTest {
  @ParameterizedTest
  @CsvSource({"2, 8, 1", "2, 16, 3", "2, 16, 12", "1, 16, 3", "1, 8, 9", "3, 8, 2"})
  void theNumberOfSlabsChangesNothing(int perAxis, int n, double size) {
    Random random = new Random(5);
    float[][] displacement = displacements(random, n, size);
    float[][] velocity = displacements(random, n, 1);
    ParticleMesh mesh = new ParticleMesh(perAxis, new ParticleFlow(n, displacement, velocity));
    Map<Moment, float[]> whole = mesh.deposit(EnumSet.allOf(Moment.class), 1);
    for (int slabs : new int[] {2, 3, 7, n}) {
      Map<Moment, float[]> cut = mesh.deposit(EnumSet.allOf(Moment.class), slabs);
      for (Moment moment : Moment.values()) {
        assertThat(cut.get(moment)).as(moment.name()).isEqualTo(whole.get(moment));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 8, 0.5", "2, 16, 20", "1, 16, 20"})
  void noMassIsLost(int perAxis, int n, double size) {
    ParticleFlow flow = ParticleFlow.zeldovich(n, displacements(new Random(6), n, size));
    double sum = 0;
    for (float mass :
        new ParticleMesh(perAxis, flow).deposit(EnumSet.of(Moment.MASS), 5).get(Moment.MASS)) {
      sum += mass;
    }
    assertThat(sum / ((double) n * n * n)).isBetween(1 - 1e-5, 1 + 1e-5);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void matterThatMovesAlikeHasNoDispersion(int perAxis) {
    int n = 8;
    float[][] drift = new float[3][n * n * n];
    for (int axis = 0; axis < 3; axis++) {
      Arrays.fill(drift[axis], 0.25f + axis);
    }
    ParticleMesh mesh = new ParticleMesh(perAxis, ParticleFlow.zeldovich(n, drift));
    Map<Moment, float[]> moments = mesh.deposit(EnumSet.allOf(Moment.class));
    float[][] velocity = new float[3][];
    for (int axis = 0; axis < 3; axis++) {
      velocity[axis] = mesh.meanVelocity(axis, moments);
      assertThat(velocity[axis]).containsOnly(0.25f + axis);
    }
    assertThat(mesh.dispersion(velocity, moments)).containsOnly(0f);
  }

  @Test
  void streamsThatMeetHaveDispersion() {
    // every other plane moves up by half a cell, the others down: they meet between the planes
    int n = 8;
    float[][] flow = new float[3][n * n * n];
    for (int i = 0; i < n * n * n; i++) {
      flow[2][i] = i / (n * n) % 2 == 0 ? 0.5f : -0.5f;
    }
    ParticleMesh mesh = new ParticleMesh(1, ParticleFlow.zeldovich(n, flow));
    Map<Moment, float[]> moments = mesh.deposit(EnumSet.allOf(Moment.class));
    float[][] velocity = new float[3][];
    for (int axis = 0; axis < 3; axis++) {
      velocity[axis] = mesh.meanVelocity(axis, moments);
    }
    assertThat(velocity[2]).containsOnly(0f);
    // (0.25 + 0 + 0) / 3
    assertThat(mesh.dispersion(velocity, moments)).containsOnly(0.25f / 3);
  }

  private static float[][] displacements(Random random, int n, double size) {
    float[][] values = new float[3][n * n * n];
    for (float[] axis : values) {
      for (int i = 0; i < axis.length; i++) {
        axis[i] = (float) (size * random.nextGaussian());
      }
    }
    return values;
  }
}
