package dev.tessera.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.tessera.field.DataType;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code --profile}, and what info says of it. */
final class ProfileTest extends CommandTest {
  private JsonObject info(String... options) throws IOException {
    return run("info", container("a.tsr", options), "--json", "--streams").expectDone().json();
  }

  @Test
  void compactIsTheDefaultAndSmaller() throws IOException {
    JsonObject compact = info();
    assertThat(compact.get("profile").getAsString()).isEqualTo("compact");
    assertThat(compact.get("zero_channels").getAsString()).isEqualTo("derived");
    JsonObject compatible = info("--profile", "compatible");
    assertThat(compatible.get("profile").getAsString()).isEqualTo("compatible");
    assertThat(compatible.has("zero_channels")).isFalse();
    assertThat(streamBytes(compact)).isLessThan(streamBytes(compatible));
    assertThat(info("--profile", "compact").getAsJsonObject("bytes"))
        .isEqualTo(compact.getAsJsonObject("bytes"));
  }

  private static long streamBytes(JsonObject info) {
    return info.getAsJsonObject("bytes").get("streams").getAsLong();
  }

  @ParameterizedTest
  @CsvSource({"8, active-first", "24, dealt", "all, dealt"})
  void theOrderOfChannelsFollowsP(String p, String order) throws IOException {
    assertThat(info("-P", p).get("channel_order").getAsString()).isEqualTo(order);
    assertThat(run("info", path("a.tsr")).expectDone().text())
        .contains("profile compact")
        .contains("channels " + order + ", zero channels derived");
  }

  /** Streams that a tile's record leaves out are listed too, as empty ones. */
  @Test
  void everyStreamIsListed() throws IOException {
    JsonObject info = info("-P", "1");
    long sum = 0;
    for (JsonElement tile : info.getAsJsonArray("streams")) {
      JsonArray streams = tile.getAsJsonArray();
      assertThat(streams.size()).isEqualTo(24);
      for (JsonElement stream : streams) {
        sum += stream.getAsJsonObject().get("bytes").getAsLong();
      }
    }
    assertThat(sum).isEqualTo(streamBytes(info));
  }

  @Test
  void bothProfilesRestoreTheSame() throws IOException {
    byte[][] restored = new byte[2][];
    String[] profiles = {"compact", "compatible"};
    for (int i = 0; i < 2; i++) {
      String file = container("p.tsr", "--profile", profiles[i]);
      run("decompress", file, path("p.npy")).expectDone();
      restored[i] = bytes("p.npy");
    }
    assertThat(restored[0]).isEqualTo(restored[1]);
  }

  @Test
  void anotherProfileIsRefused() throws IOException {
    String field = waves(DataType.FLOAT32, 1, 40, 50);
    run("compress", field, path("p.tsr"), "-m", FACTORIZED, "--profile", "smallest")
        .expectError(2, "--profile is compact or compatible, not 'smallest'");
    assertThat(names()).doesNotContain("p.tsr");
  }
}
