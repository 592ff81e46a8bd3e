package dev.tessera.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PyTorchPeersTest {
  private static final long BYTES = 1_000_000_000;

  private static PeerResult parse(String line) {
    return PyTorchPeers.parse(line, BYTES, new LinkedHashMap<>()).orElseThrow();
  }

  @Test
  void resultsHaveRatesAndDifferences() {
    PeerResult peer =
        parse(
            "{\"peer\": \"PyTorch eager fp32\", \"g_a_s\": 0.25, \"g_s_s\": 0.5,"
                + " \"g_a_difference\": 1e-6, \"g_s_difference\": 2e-6}");

    assertThat(peer.name()).isEqualTo("PyTorch eager fp32");
    assertThat(peer.analysisRate()).isEqualTo(4);
    assertThat(peer.synthesisRate()).isEqualTo(2);
    assertThat(peer.didTheSame()).isTrue();
    assertThat(peer.toJson().get("g_s_difference").getAsDouble()).isEqualTo(2e-6);
  }

  @Test
  void otherWorkIsNoPeer() {
    PeerResult peer =
        parse(
            "{\"peer\": \"p\", \"g_a_s\": 1, \"g_s_s\": 1, \"g_a_difference\": 1e-6,"
                + " \"g_s_difference\": NaN}");

    assertThat(peer.didTheSame()).isFalse();
  }

  @Test
  void failuresAreKept() {
    PeerResult peer = parse("{\"peer\": \"p\", \"failure\": \"OutOfMemoryError: too large\"}");

    assertThat(peer.failure()).contains("OutOfMemoryError: too large");
    assertThat(peer.analysisRate()).isNaN();
    assertThat(peer.toJson().has("g_a_s")).isFalse();
  }

  @Test
  void versionsAreCollectedAndChatterIgnored() {
    Map<String, String> stack = new LinkedHashMap<>();

    assertThat(
            PyTorchPeers.parse(
                "{\"stack\": {\"torch\": \"2.11\", \"cudnn\": 91900, \"cuda\": null}}",
                BYTES,
                stack))
        .isEmpty();
    assertThat(PyTorchPeers.parse("AUTOTUNE convolution(512x3x128x128)", BYTES, stack)).isEmpty();
    assertThat(PyTorchPeers.parse("", BYTES, stack)).isEmpty();
    assertThat(stack)
        .containsExactly(
            Map.entry("torch", "2.11"), Map.entry("cudnn", "91900"), Map.entry("cuda", "none"));
  }

  @Test
  void withoutPythonItSaysSo() {
    assertThat(new PyTorchPeers("no-such-python", 1).obstacle())
        .isEqualTo(
            Optional.of(
                "peers: no-such-python is not here or has no PyTorch: name another with --python"));
  }

  @Test
  void theScriptComesAlong() {
    assertThat(PyTorchPeers.class.getResource("pytorch_e2e.py")).isNotNull();
  }
}
