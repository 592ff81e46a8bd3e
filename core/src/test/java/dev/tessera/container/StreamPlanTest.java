package dev.tessera.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.bytes.ByteWriter;
import dev.tessera.bytes.Zstd;
import dev.tessera.container.StreamPlan.Order;
import dev.tessera.container.StreamPlan.Profile;
import dev.tessera.field.TesseraException;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class StreamPlanTest {
  private static final List<Integer> REVERSED =
      IntStream.range(0, 300).mapToObj(i -> 299 - i).toList();
  private static final List<Integer> FREQUENCIES =
      IntStream.range(0, 300).mapToObj(i -> i % 3 == 0 ? 1 : 65535 - i).toList();

  static Stream<StreamPlan> plans() {
    Stream<StreamPlan> compact =
        Stream.of(Order.values())
            .map(order ->
                new StreamPlan(
                    Profile.COMPACT,
                    64,
                    8,
                    192,
                    2,
                    order,
                    order == Order.STORED ? REVERSED : List.of(),
                    List.of()));
    return Stream.concat(
        Stream.of(StreamPlan.compatible(1, 2, 3, 4), StreamPlan.compatible(192, 1000, 0, 0)),
        compact.flatMap(plan -> Stream.of(plan, plan.withZeroFrequencies(FREQUENCIES))));
  }

  @ParameterizedTest
  @MethodSource("plans")
  void aPlanComesBack(StreamPlan plan) {
    assertThat(StreamPlan.decode(plan.encode())).isEqualTo(plan);
  }

  @ParameterizedTest
  @MethodSource("plans")
  void everyTruncationIsNoticed(StreamPlan plan) {
    byte[] bytes = plan.encode();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = java.util.Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> StreamPlan.decode(cut)).isInstanceOf(TesseraException.class);
    }
    byte[] longer = java.util.Arrays.copyOf(bytes, bytes.length + 1);
    assertThatThrownBy(() -> StreamPlan.decode(longer))
        .isInstanceOf(TesseraException.Corrupt.class);
  }

  @Test
  void theBytesAreThoseOfTheFormat() {
    assertThat(StreamPlan.compatible(64, 8, 0, 0).encode()).containsExactly(0, 64, 8, 0, 0);
    StreamPlan plan =
        new StreamPlan(Profile.COMPACT, 64, 8, 0, 0, Order.STORED, List.of(1, 0), List.of(1, 772));
    assertThat(plan.encode()).containsExactly(1, 64, 8, 0, 0, 3, 1, 3, 0, 1, 0, 5, 0, 1, 0, 4, 3);
  }

  @Test
  void unknownKindsNeedANewerVersion() {
    for (int[] kinds : new int[][] {{4, 0}, {255, 0}, {0, 2}}) {
      byte[] bytes = start().u8(kinds[0]).u8(kinds[1]).toByteArray();
      assertThatThrownBy(() -> StreamPlan.decode(bytes))
          .isInstanceOf(TesseraException.Unsupported.class)
          .hasMessageContaining("order " + kinds[0] + " of channels and flags of kind " + kinds[1]);
    }
  }

  @Test
  void listsThatNoModelHasAreRefusedBeforeMemoryIsTaken() {
    byte[] huge = Zstd.pack(new byte[1 << 20]);
    for (int[] kinds : new int[][] {{3, 0}, {0, 1}}) {
      byte[] bytes = start().u8(kinds[0]).u8(kinds[1]).block(huge).toByteArray();
      assertThatThrownBy(() -> StreamPlan.decode(bytes))
          .isInstanceOf(TesseraException.Corrupt.class)
          .hasMessageContaining("impossible size");
    }
    byte[] none = start().u8(0).u8(1).block(Zstd.pack(new byte[0])).toByteArray();
    assertThatThrownBy(() -> StreamPlan.decode(none))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("no frequencies");
    byte[] half = start().u8(0).u8(1).block(Zstd.pack(new byte[3])).toByteArray();
    assertThatThrownBy(() -> StreamPlan.decode(half)).isInstanceOf(TesseraException.Corrupt.class);
  }

  private static ByteWriter start() {
    return new ByteWriter().u8(1).varint(64).varint(8).varint(0).varint(0);
  }
}
