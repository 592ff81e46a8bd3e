package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.synth.CosmologySynth;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class SyntheticTilesTest {
  private static final int FIELD = 32;

  private static float[] first(int height, int width) {
    float[] tile = new float[height * width];
    new SyntheticTiles(CosmologySynth.Quantity.VELOCITY_X, 1, height, width, 1, FIELD)
        .next(MemorySegment.ofArray(tile));
    return tile;
  }

  @Test
  void tilesOfAllSizesAreCutFromTheSamePlane() {
    float[] usual = first(16, 16);
    float[] small = first(8, 8);
    float[] large = first(2 * FIELD, 4 * FIELD);

    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 16; column++) {
        float value = usual[row * 16 + column];
        assertThat(value).isBetween(0f, 1f);
        if (row < 8 && column < 8) {
          assertThat(small[row * 8 + column]).isEqualTo(value);
        }
        // beyond the field's sides it goes on from the start
        assertThat(large[(FIELD + row) * 4 * FIELD + 3 * FIELD + column]).isEqualTo(value);
      }
    }
  }

  @Test
  void tilesOfAPlaneComeRowByRow() {
    float[] whole = first(FIELD, FIELD);
    SyntheticTiles source =
        new SyntheticTiles(CosmologySynth.Quantity.VELOCITY_X, 1, 16, 8, 1, FIELD);
    float[] tile = new float[16 * 8];
    for (int i = 0; i < 6; i++) {
      source.next(MemorySegment.ofArray(tile));
    }

    // the sixth of a plane of 2 × 4
    assertThat(tile[3 * 8 + 5]).isEqualTo(whole[(16 + 3) * FIELD + 8 + 5]);
  }
}
