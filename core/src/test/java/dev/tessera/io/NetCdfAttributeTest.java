package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetCdfAttributeTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "5 | INT",
        "5b | BYTE",
        "-7s | SHORT",
        "1.5 | DOUBLE",
        "1.5f | FLOAT",
        "5f | FLOAT",
        "NaNf | FLOAT",
        "-Infinity | DOUBLE",
        "3UB | UBYTE",
        "3us | USHORT",
        "3u | UINT",
        "3LL | INT64",
        "18446744073709551615ULL | UINT64",
        "1, 2, 3 | INT",
        "1e20f, 2f | FLOAT",
        "4294967296 | DOUBLE",
        "300b | CHAR",
        "-1UB | CHAR",
        "1, 2b | CHAR",
        "1, | CHAR",
        "K | CHAR",
        "5 m | CHAR",
        "1.5s | CHAR",
        "2001-01-01 | CHAR",
        "99999999999999999999999999LL | CHAR"
      })
  void theTextTellsTheType(String text, NetCdfType type) {
    assertThat(NetCdfAttribute.parse("a", text).type()).isEqualTo(type);
  }

  @ParameterizedTest
  @ValueSource(strings = {"K", "", "42", "\"quoted\"", "3.5f", "1, 2", "day of year, 1b"})
  void charactersStayCharacters(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    NetCdfAttribute attribute = new NetCdfAttribute("note", NetCdfType.CHAR, bytes);
    NetCdfAttribute back = NetCdfAttribute.parse("note", attribute.text());
    assertThat(back.type()).isEqualTo(NetCdfType.CHAR);
    assertThat(back.characters()).isEqualTo(text);
  }

  @Test
  void unitsAreAlwaysText() {
    assertThat(NetCdfAttribute.parse("units", "1").type()).isEqualTo(NetCdfType.CHAR);
    byte[] one = {'1'};
    assertThat(new NetCdfAttribute("units", NetCdfType.CHAR, one).text()).isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, 0x7ff0000000000000L, 0x80})
  void numbersOfEveryTypeComeBack(long bits) {
    for (NetCdfType type : NetCdfType.values()) {
      if (type == NetCdfType.CHAR) {
        continue;
      }
      NetCdfAttribute attribute = NetCdfAttribute.ofBits("a", type, bits);
      NetCdfAttribute back = NetCdfAttribute.parse("a", attribute.text());
      assertThat(back.type()).isEqualTo(type);
      assertThat(back.count()).isEqualTo(1);
      boolean nan = type.isFloat() && Double.isNaN(attribute.number(0));
      assertThat(nan ? Double.isNaN(back.number(0)) : back.bits(0) == attribute.bits(0)).isTrue();
    }
  }

  @Test
  void listsKeepAllTheirValues() {
    byte[] values = ByteBuffer.allocate(12).putFloat(1.5f).putFloat(-0f).putFloat(1e20f).array();
    NetCdfAttribute attribute = new NetCdfAttribute("a", NetCdfType.FLOAT, values);
    assertThat(attribute.text()).isEqualTo("1.5f, -0.0f, 1.0E20f");
    assertThat(NetCdfAttribute.parse("a", attribute.text()).values()).isEqualTo(values);
  }

  @Test
  void readsOldCharacterSetsAndPadding() {
    byte[] latin = {'5', (byte) 0xb0, 'C', 0, 0};
    assertThat(new NetCdfAttribute("a", NetCdfType.CHAR, latin).text()).isEqualTo("5°C");
  }
}
