package dev.tessera.field;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TileGridTest {
  @ParameterizedTest
  @CsvSource({
    "1x1, 3, 0, 64, 0",
    "7, 3, 0, 64, 0",
    "63x65, 1, 0, 64, 0",
    "5x200x130, 3, 0, 64, 0",
    "5x200x130, 3, 0, 64, 20",
    "2x3x4x65x129, 3, 0, 128, 31",
    "2x3x4x65x129, 2, 1, 64, 1",
    "2x3x4x65x129, 16, 2, 64, 31"
  })
  void everyValueLiesInExactlyOneOwnCell(
      String dims, int channels, int axis, int side, int overlap) {
    Shape shape = Shape.parse(dims);
    TileGrid grid = new TileGrid(shape, channels, axis, side, side, overlap);
    int[] seen = new int[(int) shape.elements()];
    for (long i = 0; i < grid.count(); i++) {
      Tile tile = grid.tile(i);
      assertThat(tile.index()).isEqualTo(i);
      long ownRows = own(tile.row(), tile.rows(), side - overlap, overlap, shape.height());
      long ownCols = own(tile.col(), tile.cols(), side - overlap, overlap, shape.width());
      for (int c = 0; c < tile.planes(); c++) {
        for (long r = tile.row(); r < tile.row() + ownRows; r++) {
          for (long x = tile.col(); x < tile.col() + ownCols; x++) {
            seen[(int) ((tile.slices()[c] * shape.height() + r) * shape.width() + x)]++;
          }
        }
      }
      for (int c = tile.planes(); c < channels; c++) {
        assertThat(tile.slices()[c]).isEqualTo(tile.slices()[tile.planes() - 1]);
      }
    }
    assertThat(seen).containsOnly(1);
  }

  private static long own(long first, int inside, int step, int overlap, long extent) {
    return first + step + overlap >= extent ? inside : step;
  }

  @Test
  void groupsNeverReachAcrossAnotherAxis() {
    // 2 volumes of 4 planes of 3 layers: along axis 1, layers stay apart
    Shape shape = Shape.of(2, 4, 3, 64, 64);
    TileGrid grid = new TileGrid(shape, 3, 1, 64, 64, 0);
    for (long i = 0; i < grid.count(); i++) {
      Tile tile = grid.tile(i);
      for (int c = 1; c < tile.planes(); c++) {
        long before = tile.slices()[c - 1];
        long here = tile.slices()[c];
        assertThat(here - before).isEqualTo(3);
        assertThat(here / 12).isEqualTo(before / 12);
      }
    }
    assertThat(grid.groups()).isEqualTo(2 * 2 * 3);
  }

  @Test
  void indexesAre64Bit() {
    TileGrid grid = new TileGrid(Shape.of(3_000_000_000L, 100, 100), 3, 0, 64, 64, 0);
    Tile last = grid.tile(grid.count() - 1);
    assertThat(last.slices()).containsExactly(2_999_999_997L, 2_999_999_998L, 2_999_999_999L);
    assertThat(last.row()).isEqualTo(64);
  }

  @Test
  void impossibleGridsAreRefused() {
    Shape shape = Shape.of(4, 100, 100);
    assertThatThrownBy(() -> new TileGrid(shape, 0, 0, 64, 64, 0)).hasMessageContaining("channel");
    assertThatThrownBy(() -> new TileGrid(shape, 3, 1, 64, 64, 0)).hasMessageContaining("axis");
    assertThatThrownBy(() -> new TileGrid(shape, 3, 0, 100, 64, 0))
        .hasMessageContaining("multiples of 16");
    assertThatThrownBy(() -> new TileGrid(Shape.of(100, 100), 3, 5, 64, 64, 0))
        .hasMessageContaining("no axis to group along");
    assertThatThrownBy(() -> new TileGrid(shape, 3, 0, 64, 64, 32)).hasMessageContaining("half");
  }
}
