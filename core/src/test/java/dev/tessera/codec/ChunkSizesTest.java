package dev.tessera.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import dev.tessera.field.Tile;
import dev.tessera.field.TileGrid;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ChunkSizesTest {
  private static String sizes(TileGrid grid) {
    return grid.channels() + "x" + grid.tileHeight() + "x" + grid.tileWidth();
  }

  @ParameterizedTest
  @CsvSource({
    "512x512x512, 64x128x128",
    "300x1000x1000, 64x128x128",
    "48x128x128, 48x128x128",
    "7x5x300x400, 5x304x400",
    "3x2048x2048, 1x1024x1024",
    "2x2048x2048, 2x512x1024",
    "5000x37x49, 576x48x64",
    "10000x8000, 1x1024x1024",
    "5000x100, 1x5008x112",
    "100x100000, 1x112x10464",
    "10000000, 1x16x1048576",
    "3000, 1x16x3008",
    "1, 1x16x16"
  })
  void aChunkHasAboutAMillionValues(String dims, String chunk) {
    assertThat(sizes(ChunkSizes.choose(Shape.parse(dims), CodecOptions.DEFAULTS))).isEqualTo(chunk);
  }

  @ParameterizedTest
  @CsvSource({
    "512x512x512, 256, 256, 16x256x256",
    "512x512x512, 64, 128, 128x64x128",
    "512x512x512, -1, -1, 8x512x512",
    "2x9000x9000, 4096, 4096, 1x4096x4096",
    "512x512x512, 0, 64, 128x128x64",
    "40x50, 64, 64, 1x48x64"
  })
  void aTileSetsTheSides(String dims, int height, int width, String chunk) {
    CodecOptions options = CodecOptions.DEFAULTS.withTile(height, width);
    assertThat(sizes(ChunkSizes.choose(Shape.parse(dims), options))).isEqualTo(chunk);
  }

  @Test
  void aChunkThatIsTooLargeIsRefused() {
    CodecOptions full = CodecOptions.DEFAULTS.withTile(CodecOptions.FULL, CodecOptions.FULL);
    assertThatThrownBy(() -> ChunkSizes.choose(Shape.of(100000, 100000), full))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("choose a smaller --tile");
  }

  /** Every value of a field lies in exactly one chunk, whatever its shape. */
  @Test
  void chunksCoverAField() {
    Random random = new Random(1);
    for (int trial = 0; trial < 300; trial++) {
      int rank = random.nextInt(6);
      long[] dims = random.longs(rank, 1, rank > 3 ? 7 : 40).toArray();
      Shape shape = Shape.of(dims);
      int side = 16 * (1 + random.nextInt(2));
      CodecOptions options =
          CodecOptions.DEFAULTS.withTile(side, side).withGroupAxis(rank > 2 ? 0 : -1);
      TileGrid grid = ChunkSizes.choose(shape, options);
      int[] seen = new int[Math.toIntExact(shape.elements())];
      for (long i = 0; i < grid.count(); i++) {
        Tile tile = grid.tile(i);
        assertThat((long) tile.planes() * tile.rows() * tile.cols())
            .isBetween(1L, ChunkSizes.values(grid));
        for (int c = 0; c < tile.planes(); c++) {
          for (long y = tile.row(); y < tile.row() + tile.rows(); y++) {
            for (long x = tile.col(); x < tile.col() + tile.cols(); x++) {
              seen[(int) ((tile.slices()[c] * shape.height() + y) * shape.width() + x)]++;
            }
          }
        }
      }
      assertThat(seen).containsOnly(1);
    }
  }
}
