package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class TextTest {
  @Test
  void sizesAreDecimal() {
    assertThat(Text.bytes(0)).isEqualTo("0 B");
    assertThat(Text.bytes(999)).isEqualTo("999 B");
    assertThat(Text.bytes(1000)).isEqualTo("1.00 kB");
    assertThat(Text.bytes(1_234_567)).isEqualTo("1.23 MB");
    assertThat(Text.bytes(999_999)).isEqualTo("1.00 MB");
    assertThat(Text.bytes(Long.MAX_VALUE)).isEqualTo("9.22 EB");
  }

  @Test
  void timesGrowUnits() {
    assertThat(Text.seconds(0.4)).isEqualTo("0 s");
    assertThat(Text.seconds(59)).isEqualTo("59 s");
    assertThat(Text.seconds(61)).isEqualTo("1:01 min");
    assertThat(Text.seconds(3725)).isEqualTo("1:02 h");
    assertThat(Text.seconds(Double.POSITIVE_INFINITY)).isEqualTo("?");
  }

  @Test
  void anExactFieldHasNoDecibels() {
    assertThat(Text.decibels(Double.POSITIVE_INFINITY)).isEqualTo("exact");
    assertThat(Text.decibels(41.236)).isEqualTo("41.24 dB");
  }

  @Test
  void tablesAreAligned() {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("a", "1");
    rows.put("long name", "2");
    assertThat(Text.table(rows)).isEqualTo("  a          1\n  long name  2");
  }
}
