package dev.tessera.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tessera.field.Shape;
import dev.tessera.testing.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Raw data under any description: shape and type as text, a space behind each, then the data. */
final class RawFuzz {
  static Stream<Arguments> seeds() {
    return Fuzzing.seeds(
        Stream.of("2x3 u8 abcdef", "1x2x2 i16be abcdefgh", "1 f64 abcdefgh", "2,2 u16 abcdefgh")
            .map(text -> text.getBytes(StandardCharsets.ISO_8859_1)));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void read(byte[] data) {
    String[] parts = new String(data, StandardCharsets.ISO_8859_1).split(" ", 3);
    if (parts.length < 3) {
      return;
    }
    int start = parts[0].length() + parts[1].length() + 2;
    Fuzzing.survive(
        () ->
            FieldFuzzing.read(
                Fuzzing.file(Arrays.copyOfRange(data, start, data.length), ".raw").toString(),
                new OpenOptions(
                    Shape.parse(parts[0]), RawType.parse(parts[1]), OptionalDouble.empty())));
  }
}
