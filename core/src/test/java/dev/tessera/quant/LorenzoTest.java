package dev.tessera.quant;

import static dev.tessera.quant.BlockGeometry.PLACES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.quant.BlockGeometry.Mode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class LorenzoTest {
  private static final Predictor[] RESOLVED = {
    Predictor.NONE, Predictor.LORENZO1, Predictor.LORENZO2, Predictor.LORENZO3
  };

  @ParameterizedTest
  @EnumSource(Mode.class)
  void anyIntegersComeBack(Mode mode) {
    int[] values = new Random(2).ints(PLACES).toArray();
    for (Predictor predictor : RESOLVED) {
      int[] residuals = new Lorenzo().forward(mode, predictor, values.clone()).clone();
      new Lorenzo().inverse(mode, predictor, residuals);
      assertThat(residuals).isEqualTo(values);
    }
  }

  /** The definition: inclusion and exclusion of the neighbours before a place, 0 past an edge. */
  @ParameterizedTest
  @EnumSource(Mode.class)
  void residualsAreTheFormulas(Mode mode) {
    int[] values = new Random(3).ints(PLACES).toArray();
    for (Predictor predictor : RESOLVED) {
      int[] residuals = new Lorenzo().forward(mode, predictor, values.clone());
      int axes = predictor.axes();
      for (int i = 0; i < PLACES; i++) {
        int x = i % mode.width();
        int y = i / mode.width() % mode.height();
        int z = i / mode.width() / mode.height();
        int expected = 0;
        for (int corner = 0; corner < 8; corner++) {
          int dx = corner & 1;
          int dy = corner >> 1 & 1;
          int dz = corner >> 2;
          boolean used = dx <= axes && 2 * dy <= axes && 3 * dz <= axes;
          boolean inside = x >= dx && y >= dy && z >= dz;
          if (used && inside) {
            int value = values[i - dx - dy * mode.width() - dz * mode.width() * mode.height()];
            expected += (dx + dy + dz) % 2 == 0 ? value : -value;
          }
        }
        assertThat(residuals[i]).isEqualTo(expected);
      }
    }
  }

  @Test
  void planesLeaveNothingInside() {
    int[] values = new int[PLACES];
    for (int i = 0; i < PLACES; i++) {
      values[i] = 5 + 3 * (i % 32) - 7 * (i / 32 % 16) + 2 * (i / 512);
    }
    int[] residuals = new Lorenzo().forward(Mode.VOLUME, Predictor.LORENZO3, values);
    for (int i = 0; i < PLACES; i++) {
      int edges = (i % 32 == 0 ? 1 : 0) + (i / 32 % 16 == 0 ? 1 : 0) + (i / 512 == 0 ? 1 : 0);
      if (edges < 2) {
        assertThat(residuals[i]).isZero();
      }
    }
  }
}
