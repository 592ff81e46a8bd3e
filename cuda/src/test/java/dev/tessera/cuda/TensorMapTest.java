package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import org.junit.jupiter.api.Test;

class TensorMapTest {
  private static final TensorMap.Window WINDOW = new TensorMap.Window(-2, -2, -2, -2, 2);

  @Test
  void stridesAreThoseOfADenseArray() {
    assertThat(TensorMap.strides(TensorMap.Element.HALF, 128, 64, 32, 512))
        .containsExactly(256, 16_384, 524_288);
    assertThat(TensorMap.strides(TensorMap.Element.BYTE, 1 << 16, 1 << 16, 2))
        .containsExactly(1 << 16, 1L << 32);
  }

  @Test
  void refusesAnArrayThatIsLargerThanItsBuffer() {
    DeviceBuffer small = new DeviceBuffer(256, 4 * 4 * 16 * 2 - 1);
    long[] extents = {16, 4, 4, 1};
    assertThatThrownBy(() ->
            TensorMap.im2col(
                TensorMap.Element.HALF, small, extents, WINDOW, 16, 64, TensorMap.Swizzle.BYTES_32))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("512 bytes");
    assertThatThrownBy(() ->
            TensorMap.tiled(
                TensorMap.Element.HALF,
                small,
                extents,
                new int[] {16, 4, 4, 1},
                TensorMap.Swizzle.NONE))
        .isInstanceOf(TesseraException.Invalid.class);
  }
}
