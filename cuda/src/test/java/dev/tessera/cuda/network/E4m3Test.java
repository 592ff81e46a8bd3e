package dev.tessera.cuda.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class E4m3Test {
  @ParameterizedTest
  @CsvSource({
    "0, 0x00",
    "-0, 0x80",
    "1, 0x38",
    "-1, 0xb8",
    "448, 0x7e",
    "449, 0x7e",
    "1e30, 0x7e",
    "-Infinity, 0xfe",
    "NaN, 0x7f",
    "0.015625, 0x08",
    "0.001953125, 0x01",
    "0.0009765625, 0x00",
    "0.00146484375, 0x01",
    "0.0029296875, 0x02",
    "0.0146484375, 0x08",
    "1.0625, 0x38",
    "1.1875, 0x3a",
    "1.9375, 0x40"
  })
  void rounds(float value, String bits) {
    assertThat(E4m3.of(value)).isEqualTo(Integer.decode(bits).byteValue());
  }

  @Test
  void everyNumberIsItself() {
    for (int bits = 0; bits < 256; bits++) {
      float value = E4m3.toFloat((byte) bits);
      if ((bits & 0x7f) == 0x7f) {
        assertThat(value).isNaN();
      } else {
        assertThat(E4m3.of(value)).isEqualTo((byte) bits);
      }
    }
  }

  @Test
  void everyValueGoesToTheNearestNumber() {
    for (int bits = 0; bits < 0x7e; bits++) {
      float below = E4m3.toFloat((byte) bits);
      float above = E4m3.toFloat((byte) (bits + 1));
      float middle = (below + above) / 2;
      assertThat(E4m3.of(Math.nextDown(middle))).isEqualTo((byte) bits);
      assertThat(E4m3.of(Math.nextUp(middle))).isEqualTo((byte) (bits + 1));
      assertThat(E4m3.of(middle)).isEqualTo((byte) (bits + bits % 2));
    }
  }
}
