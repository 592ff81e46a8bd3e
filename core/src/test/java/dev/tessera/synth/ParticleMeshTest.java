package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParticleMeshTest {
  @ParameterizedTest
  @CsvSource({"8, 1", "16, 3", "16, 12"})
  void theNumberOfSlabsChangesNothing(int n, double size) {
    Random random = new Random(5);
    float[] xy = displacements(random, n, size);
    ParticleMesh mesh = new ParticleMesh(n, xy, displacements(random, n, size));
    for (int axis = -1; axis < 3; axis++) {
      float[] whole = mesh.deposit(axis, 1);
      for (int slabs : new int[] {2, 3, 7, n}) {
        assertThat(mesh.deposit(axis, slabs)).isEqualTo(whole);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"8, 0.5", "16, 20"})
  void noMassIsLost(int n, double size) {
    Random random = new Random(6);
    float[] xy = displacements(random, n, size);
    double sum = 0;
    for (float mass : new ParticleMesh(n, xy, displacements(random, n, size)).deposit(-1, 5)) {
      sum += mass;
    }
    assertThat(sum / ((double) n * n * n)).isBetween(1 - 1e-5, 1 + 1e-5);
  }

  private static float[] displacements(Random random, int n, double size) {
    float[] values = new float[2 * n * n * n];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (size * random.nextGaussian());
    }
    return values;
  }
}
