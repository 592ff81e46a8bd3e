package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SymbolCheckTest {
  @Test
  void ofOneSymbolIsTheFinalizerOfItsValueAndPlace() {
    // murmur3's finalizer of 1 · 0x9E3779B1 + 2 · 0x85EBCA77 + 0x165667B1, worked out apart from
    // this code
    assertThat(SymbolCheck.of(new int[] {1}, 0, 1, 2)).isEqualTo(0x523C7904);
  }

  @Test
  void zerosDoNotCount() {
    assertThat(SymbolCheck.of(new int[1000], 0, 1000, 5)).isZero();
    assertThat(SymbolCheck.of(new int[0], 0, 0, 0)).isZero();
    int[] symbols = {0, 0, -7, 0};
    assertThat(SymbolCheck.of(symbols, 0, 4, 10)).isEqualTo(SymbolCheck.of(symbols, 2, 1, 12));
  }

  @Test
  void partsAddUp() {
    int[] symbols = new Random(1).ints(1000, -3, 4).toArray();
    int whole = SymbolCheck.of(symbols, 0, 1000, 0);
    int parts = 0;
    for (int from = 999; from >= 0; from -= 111) {
      int first = Math.max(0, from - 110);
      parts += SymbolCheck.of(symbols, first, from + 1 - first, first);
    }
    assertThat(parts).isEqualTo(whole);
  }

  @Test
  void noticesChangesAndExchanges() {
    int[] symbols = new Random(2).ints(500, -2, 3).toArray();
    int check = SymbolCheck.of(symbols, 0, 500, 0);
    for (int i = 0; i < 499; i++) {
      int[] changed = symbols.clone();
      changed[i]++;
      assertThat(SymbolCheck.of(changed, 0, 500, 0)).isNotEqualTo(check);
      int[] exchanged = symbols.clone();
      exchanged[i] = symbols[i + 1];
      exchanged[i + 1] = symbols[i];
      if (symbols[i] != symbols[i + 1]) {
        assertThat(SymbolCheck.of(exchanged, 0, 500, 0)).isNotEqualTo(check);
      }
    }
  }

  @Test
  void foldsTo16Bits() {
    assertThat(SymbolCheck.fold(0x12345678)).isEqualTo((short) (0x1234 ^ 0x5678));
    assertThat(SymbolCheck.fold(0xFFFF0000)).isEqualTo((short) -1);
    assertThat(SymbolCheck.fold(0)).isZero();
  }
}
