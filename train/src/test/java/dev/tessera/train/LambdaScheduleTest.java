package dev.tessera.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LambdaScheduleTest {
  @Test
  void fallsByEqualRatiosAndStays() {
    LambdaSchedule schedule = new LambdaSchedule(0.16, 0.01);

    assertThat(schedule.multiple(0)).isEqualTo(16);
    assertThat(schedule.multiple(0.1)).isEqualTo(8, within(1e-12));
    assertThat(schedule.multiple(0.2)).isEqualTo(4, within(1e-12));
    assertThat(schedule.settled(0.39)).isFalse();
    assertThat(schedule.settled(0.4)).isTrue();
    assertThat(schedule.multiple(0.4)).isEqualTo(1);
    assertThat(schedule.multiple(1.1)).isEqualTo(1);
  }

  @Test
  void withoutABeginningOfItsOwnItStaysThroughout() {
    LambdaSchedule schedule = new LambdaSchedule(0.01, 0.01);

    assertThat(schedule.multiple(0)).isEqualTo(1);
    assertThat(schedule.settled(0)).isTrue();
  }
}
