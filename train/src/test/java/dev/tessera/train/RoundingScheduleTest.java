package dev.tessera.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RoundingScheduleTest {
  @Test
  void noiseGivesWayToRounding() {
    RoundingSchedule schedule = new RoundingSchedule(0.6);

    assertThat(schedule.isUsed()).isTrue();
    assertThat(schedule.at(0.59)).isZero();
    assertThat(schedule.at(0.65)).isEqualTo(0.5, within(1e-9));
    assertThat(schedule.at(0.7)).isEqualTo(1, within(1e-9));
    assertThat(schedule.at(1)).isEqualTo(1);
  }

  @Test
  void theRampEndsWithTheBudget() {
    assertThat(new RoundingSchedule(0.98).at(0.99)).isEqualTo(0.5, within(1e-9));
    assertThat(new RoundingSchedule(0).at(0.5)).isEqualTo(1);
  }

  @Test
  void oneIsNever() {
    assertThat(new RoundingSchedule(1).isUsed()).isFalse();
    assertThat(new RoundingSchedule(1).at(1)).isZero();
  }
}
