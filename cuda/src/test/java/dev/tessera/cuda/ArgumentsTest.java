package dev.tessera.cuda;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
  private static MemorySegment value(Arguments arguments, int index, long bytes) {
    return MemorySegment.ofAddress(arguments.pointers().getAtIndex(JAVA_LONG, index))
        .reinterpret(bytes);
  }

  @Test
  void thePointersLeadToTheValues() {
    Arguments arguments = new Arguments().add(1).add(2).add(3);
    for (int round = 0; round < 2; round++) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment struct = arena.allocate(128, 64);
        struct.fill((byte) 9);
        arguments
            .reset()
            .add(7)
            .add(-(1L << 40))
            .add(1.5f)
            .add(2.25)
            .add(new DeviceBuffer(4096, 16))
            .add(struct)
            .add(8);
        assertThat(value(arguments, 0, 4).get(JAVA_INT, 0)).isEqualTo(7);
        assertThat(value(arguments, 1, 8).get(JAVA_LONG, 0)).isEqualTo(-(1L << 40));
        assertThat(value(arguments, 2, 4).get(JAVA_FLOAT, 0)).isEqualTo(1.5f);
        assertThat(value(arguments, 3, 8).get(JAVA_DOUBLE, 0)).isEqualTo(2.25);
        assertThat(value(arguments, 4, 8).get(JAVA_LONG, 0)).isEqualTo(4096);
        assertThat(value(arguments, 5, 128).mismatch(struct)).isEqualTo(-1);
        assertThat(value(arguments, 5, 128).address() % 64).isZero();
        assertThat(value(arguments, 6, 4).get(JAVA_INT, 0)).isEqualTo(8);
        arguments.require("k", List.of(4L, 8L, 4L, 8L, 8L, 128L, 4L));
      }
    }
  }

  @Test
  void otherNumbersAndSizesAreRefused() {
    Arguments arguments = new Arguments().add(1L).add(2);
    arguments.require("k", List.of(8L, 4L));
    for (List<Long> other :
        List.of(List.of(8L), List.of(8L, 4L, 4L), List.of(4L, 8L), List.of(8L, 8L))) {
      assertThatThrownBy(() -> arguments.require("k", other))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("kernel k");
    }
  }

  @Test
  void boxesOfOtherTypesAreRefused() {
    Arguments arguments = new Arguments();
    assertThatThrownBy(() -> arguments.addBoxed("text"))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("String");
    assertThatThrownBy(() -> arguments.addBoxed((short) 1))
        .isInstanceOf(TesseraException.Invalid.class);
  }

  @Test
  void moreThanAKernelCanTakeIsRefused() {
    Arguments many = new Arguments();
    for (int i = 0; i < 64; i++) {
      many.add(i);
    }
    assertThatThrownBy(() -> many.add(64)).isInstanceOf(TesseraException.Invalid.class);
    try (Arena arena = Arena.ofConfined()) {
      Arguments large = new Arguments().add(arena.allocate(4000));
      assertThatThrownBy(() -> large.add(arena.allocate(100)))
          .isInstanceOf(TesseraException.Invalid.class);
    }
  }
}
