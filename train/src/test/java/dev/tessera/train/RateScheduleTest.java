package dev.tessera.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RateScheduleTest {
  private static final double TINY = 1e-12;

  @Test
  void risesStaysAndFalls() {
    RateSchedule schedule = new RateSchedule(100, 0.2);

    assertThat(schedule.at(0, 0)).isEqualTo(0.01, within(TINY));
    assertThat(schedule.at(49, 0.001)).isEqualTo(0.5, within(TINY));
    assertThat(schedule.at(500, 0.5)).isEqualTo(1);
    assertThat(schedule.at(800, 0.8)).isEqualTo(1);
    assertThat(schedule.at(900, 0.9)).isEqualTo(0.505, within(TINY));
    assertThat(schedule.at(1000, 1)).isEqualTo(0.01, within(TINY));
    assertThat(schedule.at(1001, 1.2)).isEqualTo(0.01, within(TINY));
  }

  @Test
  void aShortBudgetWarmsUpSooner() {
    assertThat(new RateSchedule(300, 0.2).at(10, 0.05)).isEqualTo(1);
  }

  @Test
  void halvesAfterElevenValidationsWithoutImprovement() {
    RateSchedule schedule = new RateSchedule(0, 0.2);
    schedule.validated(2, 0);
    for (int i = 0; i < 10; i++) {
      schedule.validated(2, 0.1);
    }
    assertThat(schedule.at(5, 0.1)).isEqualTo(1);
    schedule.validated(1.9999, 0.1);
    assertThat(schedule.at(5, 0.1)).isEqualTo(0.5);
    for (int i = 0; i < 30; i++) {
      schedule.validated(2, 0.9);
    }
    assertThat(schedule.at(5, 0.1)).isEqualTo(0.5);
  }

  @Test
  void goesOnAfterACheckpointAsIfThereHadBeenNone() {
    RateSchedule schedule = new RateSchedule(0, 0.2);
    for (int i = 0; i < 16; i++) {
      schedule.validated(2, 0.1);
    }
    CheckpointState state = new CheckpointState();
    state.putAll(schedule.state());
    RateSchedule restored = new RateSchedule(0, 0.2);
    restored.restore(state);

    for (int i = 0; i < 8; i++) {
      schedule.validated(2, 0.1);
      restored.validated(2, 0.1);
      assertThat(restored.at(5, 0.1)).isEqualTo(schedule.at(5, 0.1));
    }
    assertThat(restored.at(5, 0.1)).isEqualTo(0.25);
  }
}
