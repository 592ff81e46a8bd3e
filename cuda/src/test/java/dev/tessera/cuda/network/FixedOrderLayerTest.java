package dev.tessera.cuda.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import org.junit.jupiter.api.Test;

class FixedOrderLayerTest {
  private static float[] numbered(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = i + 1;
    }
    return values;
  }

  @Test
  void weightsOfATransposedConvolutionStandByTapInputAndOutput() {
    int in = 3;
    int out = 70;
    float[] stored = numbered(in * out * 25);

    float[] packed = FixedOrderLayer.pack(stored, in, 16, out, true);

    assertThat(packed).hasSize(25 * 16 * 128);
    for (int t = 0; t < 25; t++) {
      for (int i = 0; i < 16; i++) {
        for (int o = 0; o < 128; o++) {
          float expected = i < in && o < out ? stored[(i * out + o) * 25 + t] : 0;
          assertThat(packed[(t * 16 + i) * 128 + o]).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void weightsOfAConvolutionStandLikewise() {
    int in = 20;
    int out = 6;
    float[] stored = numbered(in * out * 9);

    float[] packed = FixedOrderLayer.pack(stored, in, 32, out, false);

    assertThat(packed).hasSize(9 * 32 * 64);
    assertThat(packed[(4 * 32 + 19) * 64 + 5]).isEqualTo(stored[(5 * in + 19) * 9 + 4]);
    assertThat(packed[(4 * 32 + 20) * 64 + 5]).isZero();
  }

  @Test
  void aWeightThatIsNotFiniteIsRefused() {
    float[] stored = numbered(9);
    stored[3] = Float.NaN;

    assertThatThrownBy(() -> FixedOrderLayer.pack(stored, 1, 16, 1, false))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("not finite");
  }
}
