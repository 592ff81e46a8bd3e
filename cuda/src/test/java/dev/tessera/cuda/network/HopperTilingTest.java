package dev.tessera.cuda.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tessera.cuda.network.Convolution.Pointwise;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HopperTilingTest {
  private static final int H200 = 132;

  private static Convolution layer(boolean transposed, int inputs, int outputs, boolean gdn) {
    return new Convolution(
        "test",
        5,
        2,
        transposed,
        outputs,
        inputs,
        new float[0],
        new float[0],
        gdn
            ? new Pointwise.Gdn(transposed, new float[0], new float[0])
            : new Pointwise.Relu(0.01f));
  }

  /** What was measured fastest, or as fast as any other: conv_hopper.md. */
  @ParameterizedTest
  @CsvSource({
    // g_a.2 and g_a.4 of 512 tiles of 128×128, and of one
    "false, 128, 128, true, 512, 32, 32, 1 3",
    "false, 128, 128, true, 512, 16, 16, 2 2",
    "false, 128, 128, true, 1, 32, 32, 1 1",
    // g_s.0, g_s.2 and g_s.4
    "true, 192, 128, true, 512, 8, 8, 2 2",
    "true, 128, 128, true, 512, 16, 16, 1 3",
    "true, 128, 128, true, 512, 32, 32, 1 3",
    // wide GDN has one tile of channels, and few registers
    "false, 192, 192, true, 512, 32, 32, 1 2",
    // h_a.2 and h_a.4
    "false, 128, 128, false, 512, 4, 4, 1 1",
    "false, 128, 128, false, 512, 32, 32, 2 2",
  })
  void theVariantFollowsFromTheBatch(
      boolean transposed,
      int inputs,
      int outputs,
      boolean gdn,
      int tiles,
      int height,
      int width,
      String blocksAndGroups) {
    Convolution layer = layer(transposed, inputs, outputs, gdn);
    Images grid = new Images(null, tiles, height, width);
    List<HopperVariant> all =
        HopperVariant.all(
            layer, ActivationType.HALF, LayerOutput.activations(ActivationType.HALF, 1));
    HopperVariant fastest =
        Collections.min(
            all,
            Comparator.comparingDouble(
                variant -> HopperTiling.of(variant, layer, grid).cost(H200)));
    assertThat(fastest.blocks() + " " + fastest.groups()).isEqualTo(blocksAndGroups);
    assertThat(all)
        .allSatisfy(variant -> {
          HopperTiling tiling = HopperTiling.of(variant, layer, grid);
          assertThat(tiling.rows() * tiling.images()).isEqualTo(8 * variant.blocks());
          assertThat(tiling.weightStages()).isBetween(variant.blocks() + 1, 12);
          assertThat(tiling.shared()).isLessThanOrEqualTo(227 * 1024);
        });
  }
}
