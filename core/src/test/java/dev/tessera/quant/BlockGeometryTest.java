package dev.tessera.quant;

import static dev.tessera.quant.BlockGeometry.PLACES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tessera.field.TesseraException;
import dev.tessera.quant.BlockGeometry.Mode;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class BlockGeometryTest {
  @ParameterizedTest
  @EnumSource(Mode.class)
  void everyPlaceIsCodedOnce(Mode mode) {
    boolean[] seen = new boolean[PLACES];
    for (int coded = 0; coded < PLACES; coded++) {
      int natural = mode.natural(coded);
      assertThat(seen[natural]).isFalse();
      seen[natural] = true;
    }
  }

  /** The formulas of FORMAT.md, written another way. */
  @Test
  void groupsAreTheBoxesOfTheFormat() {
    for (int coded = 0; coded < PLACES; coded++) {
      int s = coded / 1024;
      int l = coded / 32 % 32;
      int j = coded % 32;
      assertThat(Mode.VECTOR.natural(coded)).isEqualTo(coded);
      int y = 32 * s + 8 * (l / 8) + j / 4;
      assertThat(Mode.PLANE.natural(coded)).isEqualTo(32 * y + 4 * (l % 8) + j % 4);
      int z = 2 * s + j / 16;
      y = 4 * (l / 8) + j / 4 % 4;
      assertThat(Mode.VOLUME.natural(coded)).isEqualTo((16 * z + y) * 32 + 4 * (l % 8) + j % 4);
    }
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void reorderingKeepsEveryNumber(Mode mode) {
    int[] natural = new Random(1).ints(PLACES).toArray();
    natural[17] = Integer.MIN_VALUE;
    natural[18] = Integer.MAX_VALUE;
    int[] coded = new int[PLACES];
    int[] back = new int[PLACES];
    mode.toCoded(natural, coded);
    mode.toNatural(coded, back);
    assertThat(back).isEqualTo(natural);
    int zigzag = natural[mode.natural(99)] << 1 ^ natural[mode.natural(99)] >> 31;
    assertThat(coded[99]).isEqualTo(zigzag);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,VECTOR",
    "1,3,5000,VECTOR",
    "1,4,1,PLANE",
    "1,129,33,PLANE",
    "2,1,1,VOLUME",
    "9,17,65,VOLUME",
    "8,16,32,VOLUME"
  })
  void blocksCoverAChunkOnce(int depth, int height, int width, Mode mode) {
    BlockGeometry geometry = new BlockGeometry(depth, height, width);
    assertThat(geometry.mode()).isEqualTo(mode);
    boolean[] seen = new boolean[depth * height * width];
    for (int b = 0; b < geometry.blocks(); b++) {
      BlockGeometry.Block block = geometry.block(b);
      int[] filled = new int[PLACES];
      Arrays.fill(filled, 1);
      geometry.clearOutside(block, filled);
      for (int i = 0; i < PLACES; i++) {
        assertThat(filled[i]).isEqualTo(geometry.contains(block, i) ? 1 : 0);
        if (geometry.contains(block, i)) {
          int index = geometry.index(block, i);
          assertThat(seen[index]).isFalse();
          seen[index] = true;
        }
      }
    }
    assertThat(seen).doesNotContain(false);
  }

  @Test
  void refusesChunksWithoutValuesOrWithTooMany() {
    assertThatExceptionOfType(TesseraException.Invalid.class)
        .isThrownBy(() -> new BlockGeometry(1, 0, 3));
    for (int[] shape :
        new int[][] {
          {1, 1, Integer.MAX_VALUE},
          {65536, 65536, 65536},
          {2, 1, 1 << 20},
          {1, 3, 1 << 30}
        }) {
      assertThatExceptionOfType(TesseraException.Unsupported.class)
          .isThrownBy(() -> new BlockGeometry(shape[0], shape[1], shape[2]))
          .withMessageContaining("smaller chunks");
    }
  }
}
