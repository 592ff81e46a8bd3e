package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.TesseraException;
import org.junit.jupiter.api.Test;

class SamplesTest {
  @Test
  void quantilesLieBetweenSamples() {
    Samples samples = Samples.of(5, 1, 4, 2, 3);

    assertThat(samples.runs()).isEqualTo(5);
    assertThat(samples.minimum()).isEqualTo(1);
    assertThat(samples.median()).isEqualTo(3);
    assertThat(samples.p10()).isCloseTo(1.4, within(1e-12));
    assertThat(samples.p90()).isCloseTo(4.6, within(1e-12));
  }

  @Test
  void evenCountsHaveTheirMedianBetweenTwo() {
    assertThat(Samples.of(1, 2, 3, 10).median()).isEqualTo(2.5);
    assertThat(Samples.of(7).p10()).isEqualTo(7);
  }

  @Test
  void ratesAreOfTheMedian() {
    assertThat(Samples.of(1, 2, 100).giga(4e9)).isEqualTo(2);
  }

  @Test
  void nothingCannotBeMeasured() {
    assertThatThrownBy(Samples::of).isInstanceOf(TesseraException.Invalid.class);
    assertThatThrownBy(() -> new Repetitions(0, 0, 1)).isInstanceOf(TesseraException.Invalid.class);
  }
}
