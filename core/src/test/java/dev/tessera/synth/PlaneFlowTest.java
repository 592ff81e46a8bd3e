package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.synth.PlaneFlow.Drive;
import org.junit.jupiter.api.Test;

class PlaneFlowTest {
  private static final Grid PLANE = new Grid(1, 32, 64);

  /** ω = sin kx blows along y only, with speed −cos(kx)/k, and stays as it is. */
  @Test
  void aShearFlowIsStationary() {
    double k = 2 * Math.PI / PLANE.width();
    float[] vorticity = new float[PLANE.cells()];
    for (int i = 0; i < vorticity.length; i++) {
      vorticity[i] = (float) (0.1 * Math.sin(k * (i % PLANE.width())));
    }
    PlaneFlow flow =
        new PlaneFlow(PLANE, Drive.INERTIA, vorticity.clone(), vorticity.clone(), 0, 0);
    for (int step = 0; step < 20; step++) {
      flow.step();
    }
    float[] along = flow.velocity(1);
    float[] across = flow.velocity(0);
    for (int i = 0; i < vorticity.length; i++) {
      double x = i % PLANE.width();
      assertThat(flow.vorticity()[i]).isCloseTo(vorticity[i], within(1e-5f));
      assertThat((double) along[i]).isCloseTo(-0.1 / k * Math.cos(k * x), within(1e-4));
      assertThat(across[i]).isCloseTo(0, within(1e-5f));
      assertThat((double) flow.speed()[i]).isCloseTo(Math.abs(along[i]), within(1e-4));
    }
  }

  /** Diffusion takes 1/(1 + D k²) of a wave in each step. */
  @Test
  void diffusionDampsAWave() {
    double k = 2 * Math.PI * 4 / PLANE.height();
    float[] scalar = new float[PLANE.cells()];
    for (int i = 0; i < scalar.length; i++) {
      scalar[i] = (float) Math.cos(k * (i / PLANE.width()));
    }
    PlaneFlow flow =
        new PlaneFlow(PLANE, Drive.INERTIA, new float[scalar.length], scalar.clone(), 0, 0.3);
    for (int step = 0; step < 5; step++) {
      flow.step();
    }
    double left = Math.pow(1 + 0.3 * k * k, -5);
    for (int i = 0; i < scalar.length; i++) {
      assertThat((double) flow.scalar()[i]).isCloseTo(left * scalar[i], within(1e-4));
    }
  }

  /** Where heavy lies over light across a wave, both drives set fluid in motion. */
  @Test
  void weightDrives() {
    float[] scalar = new float[PLANE.cells()];
    for (int i = 0; i < scalar.length; i++) {
      scalar[i] = (float) Math.sin(2 * Math.PI * (i % PLANE.width()) / PLANE.width());
    }
    double buoyant = speedAfter(Drive.BUOYANCY, scalar, 6);
    assertThat(buoyant).isGreaterThan(1.9 * speedAfter(Drive.BUOYANCY, scalar, 3));
    assertThat(speedAfter(Drive.POROUS, scalar, 6))
        .isCloseTo(speedAfter(Drive.POROUS, scalar, 3), within(1e-3));
    assertThat(speedAfter(Drive.INERTIA, scalar, 6)).isCloseTo(0, within(1e-4));
  }

  private static double speedAfter(Drive drive, float[] scalar, int steps) {
    PlaneFlow flow = new PlaneFlow(PLANE, drive, new float[scalar.length], scalar.clone(), 0.01, 0);
    for (int step = 0; step < steps; step++) {
      flow.step();
    }
    double most = 0;
    for (float speed : flow.speed()) {
      most = Math.max(most, speed);
    }
    return most;
  }
}
