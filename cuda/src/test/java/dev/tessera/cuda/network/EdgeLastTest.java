package dev.tessera.cuda.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EdgeLastTest {
  @ParameterizedTest
  @CsvSource({
    // 512 tiles of 64×64, on 132 multiprocessors with 4, 3 and 2 groups
    "64, 512, 528, 64",
    "64, 512, 396, 22",
    "64, 512, 264, 64",
    // a single small tile, and eight large ones
    "8, 1, 528, 2",
    "512, 72, 528, 74",
  })
  void stripsFillTheGroupsWithFewRows(int height, long columns, long groups, int rows) {
    assertThat(EdgeLast.stripRows(height, columns, groups)).isEqualTo(rows);
  }
}
