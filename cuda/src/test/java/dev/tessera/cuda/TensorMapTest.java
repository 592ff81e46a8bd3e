package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import org.junit.jupiter.api.Test;

class TensorMapTest {
  /** 4 × 4 pixels of 16 halves, of which every second row and column is described. */
  private static final long[] EXTENTS = {16, 2, 1, 2};

  private static final long[] STRIDES = {64, 512, 256};
  private static final int[] BOX = {16, 2, 1, 2};
  private static final int NEEDED = 256 + 64 + 32;

  @Test
  void refusesAnArrayThatIsLargerThanItsBuffer() {
    DeviceBuffer small = new DeviceBuffer(256, NEEDED - 1);
    assertThatThrownBy(
            () -> TensorMap.tiled(null, TensorMap.Element.HALF, small, EXTENTS, STRIDES, BOX))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining(NEEDED + " bytes");
  }
}
