package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.field.DataType;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

final class StandInsTest {
  private static final double NAN = Double.NaN;

  private static double[] filled(int depth, int height, int width, double... values) {
    boolean[] special = new boolean[values.length];
    for (int i = 0; i < values.length; i++) {
      special[i] = Double.isNaN(values[i]);
    }
    double[] copy = values.clone();
    StandIns.fill(
        DataType.FLOAT64,
        MemorySegment.ofArray(copy),
        0,
        new ChunkBox(depth, height, width, 0),
        special,
        Double.doubleToRawLongBits(42));
    return copy;
  }

  @Test
  void aGapTakesTheValueBeforeIt() {
    assertThat(filled(1, 1, 6, NAN, 1, NAN, NAN, 2, NAN)).containsExactly(1, 1, 1, 1, 2, 2);
  }

  @Test
  void anEmptyRowTakesTheOneAboveOrBelow() {
    assertThat(filled(1, 4, 2, NAN, NAN, 1, 2, NAN, NAN, NAN, NAN))
        .containsExactly(1, 2, 1, 2, 1, 2, 1, 2);
  }

  @Test
  void anEmptyPlaneTakesTheOneBeforeOrBehind() {
    assertThat(filled(3, 1, 2, NAN, NAN, 5, 6, NAN, NAN)).containsExactly(5, 6, 5, 6, 5, 6);
    assertThat(filled(2, 2, 1, 1, 2, NAN, NAN)).containsExactly(1, 2, 1, 1);
  }

  @Test
  void aChunkWithoutAnyValueTakesTheLastResort() {
    assertThat(filled(2, 1, 2, NAN, NAN, NAN, NAN)).containsExactly(42, 42, 42, 42);
  }
}
