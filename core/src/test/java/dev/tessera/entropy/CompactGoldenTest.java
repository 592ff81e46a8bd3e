package dev.tessera.entropy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Streams of a Python program that was written from the format description and shares nothing with
 * this one (testdata/golden/compact_vectors.py), in both directions.
 */
class CompactGoldenTest {
  /** One case, with a name that the report shows. */
  record Vector(String name, JsonObject json) {
    int number(String key) {
      return json.get(key).getAsInt();
    }

    int[] numbers(String key) {
      return json.get(key).isJsonNull() ? null : EntropyFiles.ints(json.get(key));
    }

    StreamLayout layout() {
      return new StreamLayout(
          number("channels"),
          number("height"),
          number("width"),
          number("channels_per_stream"),
          number("rows_per_stream"));
    }

    CdfTables tables() {
      JsonArray tables = json.getAsJsonArray("tables");
      return new CdfTables(
          elements(tables)
              .map(t -> EntropyFiles.ints(t.getAsJsonObject().get("cdf")))
              .toArray(int[][]::new),
          elements(tables).mapToInt(t -> t.getAsJsonObject().get("offset").getAsInt()).toArray());
    }

    ChannelOrder order() {
      int channels = number("channels");
      return switch (number("order_kind")) {
        case 0 -> ChannelOrder.identity(channels);
        case 1 -> ChannelOrder.activeFirst(tables(), channels);
        case 2 -> ChannelOrder.activeFirst(tables(), channels).dealt(number("channels_per_stream"));
        default -> ChannelOrder.of(numbers("order"));
      };
    }

    CompactScheme scheme() {
      int[] flags = numbers("flags");
      return new CompactScheme(
          tables(), order(), flags == null ? ZeroFlags.DERIVED : ZeroFlags.stored(flags));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static Stream<JsonElement> elements(JsonArray array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  private static JsonObject file() throws IOException {
    return EntropyFiles.json(TestData.file("golden/compact_vectors.json")).getAsJsonObject();
  }

  static Stream<Vector> vectors() throws IOException {
    return elements(file().getAsJsonArray("cases"))
        .map(JsonElement::getAsJsonObject)
        .map(json -> new Vector(json.get("name").getAsString(), json));
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void streamsAgreeInBothDirections(Vector vector) {
    StreamLayout layout = vector.layout();
    CompactScheme scheme = vector.scheme();
    int[] symbols = vector.numbers("symbols");
    int[] indexes = vector.numbers("indexes");
    JsonArray streams = vector.json().getAsJsonArray("streams");
    assertThat(streams.size()).isEqualTo(layout.streams());
    CompactRans.Encoder encoder = new CompactRans.Encoder();
    CompactRans.Decoder decoder = new CompactRans.Decoder();
    int[] decoded = new int[symbols.length];
    Arrays.fill(decoded, 99);
    for (int i = 0; i < layout.streams(); i++) {
      byte[] expected = HexFormat.of().parseHex(streams.get(i).getAsString());
      byte[] bytes = new byte[(int) encoder.encode(symbols, 0, indexes, layout, i, scheme)];
      encoder.copyTo(MemorySegment.ofArray(bytes), 0);
      assertThat(bytes).as("stream %d", i).isEqualTo(expected);
      decoder.decode(
          MemorySegment.ofArray(expected),
          0,
          expected.length,
          decoded,
          0,
          indexes,
          layout,
          i,
          scheme);
    }
    assertThat(decoded).isEqualTo(symbols);
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void ordersAndCostsAgree(Vector vector) {
    CdfTables tables = vector.tables();
    assertThat(IntStream.range(0, tables.count()).map(tables::zeroCost))
        .containsExactly(Arrays.stream(vector.numbers("costs")).boxed().toArray(Integer[]::new));
    assertThat(vector.order().toArray()).isEqualTo(vector.numbers("order"));
  }

  @Test
  void derivedFrequenciesAgree() throws IOException {
    assertThat(elements(file().getAsJsonArray("derived")).map(JsonElement::getAsJsonObject))
        .hasSizeGreaterThan(10)
        .allSatisfy(pair ->
            assertThat(ZeroFlags.derived(pair.get("cost").getAsLong()))
                .isEqualTo(pair.get("frequency").getAsInt()));
  }
}
