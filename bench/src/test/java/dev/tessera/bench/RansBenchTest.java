package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RansBenchTest {
  private static final LatentSet LATENTS = SyntheticLatents.draw("laplace:40:3.4", 5);

  /** Runs short measurements on two devices. */
  private static List<RansResult> results() {
    try (RansDevice one = new CpuRansDevice(1);
        RansDevice two = new CpuRansDevice(2)) {
      return new RansBench(
              List.of(one, two),
              List.of(RansProfile.COMPACT, RansProfile.COMPATIBLE),
              List.of(1, 64, 500),
              1,
              line -> {})
          .run(List.of(LATENTS));
    }
  }

  @Test
  void everyCombinationIsMeasured() {
    List<RansResult> results = results();

    assertThat(results).hasSize(2 * 2 * 3);
    for (RansResult result : results) {
      assertThat(result.encodeRate()).isPositive();
      assertThat(result.share()).isBetween(0.1, 1.2);
      assertThat(result.times().streams())
          .isEqualTo((long) LATENTS.tiles() * result.what().layout().streams());
      assertThat(result.inputRatio()).isCloseTo(4 * result.ratio(), within(1e-9));
    }
    // more channels a stream: fewer states and lengths
    assertThat(results.get(0).ratio()).isLessThan(results.get(1).ratio());
    assertThat(results.get(1).ratio()).isLessThan(results.get(2).ratio());
    // a profile's bytes do not depend on the device
    assertThat(results.get(0).times().crc()).isEqualTo(results.get(6).times().crc());
  }

  @Test
  void reportsTellEverything() {
    RunInfo info =
        RunInfo.now("tessera bench rans", "1", Map.of("gpu", Map.of(RunInfo.DEVICE, "GPU X")));
    RansReport report = new RansReport(info, results());

    assertThat(report.table())
        .contains("laplace:40:3.4: 5 tiles of 192x8x8", "cpu, 1 thread", "compatible", "192");
    JsonObject json = report.toJson();
    assertThat(json.get("command").getAsString()).isEqualTo("tessera bench rans");
    assertThat(json.getAsJsonArray("results")).hasSize(12);
    JsonObject row = json.getAsJsonArray("results").get(1).getAsJsonObject();
    assertThat(row.get("P").getAsInt()).isEqualTo(64);
    assertThat(row.getAsJsonObject("encode").get("symbols_per_s").getAsDouble()).isPositive();
    assertThat(json.getAsJsonObject("machine").has("cpu")).isTrue();
    assertThat(report.charts()).containsOnlyKeys("laplace:40:3.4");
    assertThat(report.charts().get("laplace:40:3.4"))
        .contains("P, channels per stream", "compression ratio", "GPU X", ">500<", ">beside it<");
  }

  /** Gives figures without measuring. */
  private record FakeDevice(String name, boolean codesStreams, long crc, List<Integer> measured)
      implements RansDevice {
    @Override
    public boolean offers(RansProfile profile) {
      return profile == RansProfile.COMPACT;
    }

    @Override
    public int usualRuns() {
      return 9;
    }

    @Override
    public Map<String, String> properties() {
      return Map.of();
    }

    @Override
    public RansTimes measure(RansCase what, Repetitions repetitions) {
      measured.add(repetitions.runs());
      Samples times = Samples.of(0.001);
      return new RansTimes(times, times, 1000, 10, 1, crc);
    }

    @Override
    public void close() {}
  }

  @Test
  void devicesThatGiveOtherBytesAreFound() {
    List<Integer> runs = new ArrayList<>();
    RansDevice one = new FakeDevice("one", true, 1, runs);
    RansDevice two = new FakeDevice("two", true, 2, runs);
    RansBench bench =
        new RansBench(List.of(one, two), List.of(RansProfile.values()), List.of(8), 0, line -> {});

    assertThatThrownBy(() -> bench.run(List.of(LATENTS)))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("two gives other bytes than one");
    assertThat(runs).containsExactly(9, 9);
  }

  @Test
  void codersWithoutStreamsAreMeasuredOnce() {
    RansDevice streams = new FakeDevice("streams", true, 1, new ArrayList<>());
    RansDevice other = new FakeDevice("peer, other", false, 0, new ArrayList<>());
    List<RansResult> results =
        new RansBench(
                List.of(streams, other), List.of(RansProfile.COMPACT), List.of(1, 8), 3, line -> {})
            .run(List.of(LATENTS));

    assertThat(results).hasSize(3);
    RansReport report = new RansReport(RunInfo.now("x", "1", Map.of()), results);
    assertThat(
            report
                .toJson()
                .getAsJsonArray("results")
                .get(2)
                .getAsJsonObject()
                .get("P")
                .isJsonNull())
        .isTrue();
    assertThat(report.charts().values()).allSatisfy(svg -> assertThat(svg).contains(">other<"));
  }

  @Test
  void channelsPerStreamArePositive() {
    assertThatThrownBy(() -> new RansBench(List.of(), List.of(), List.of(8, 0), 1, line -> {}))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("not 0");
    assertThatThrownBy(() -> RansDevices.open(List.of("tpu")))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("tpu");
  }
}
