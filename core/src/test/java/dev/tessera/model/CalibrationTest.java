package dev.tessera.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import dev.tessera.testing.SyntheticModel;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CalibrationTest {
  private static final Model MODEL = SyntheticModel.of(Architecture.FACTORIZED, 16, 24, 3, 1);

  private static Calibration calibration() {
    TreeMap<String, Calibration.Range> ranges = new TreeMap<>();
    for (Network network : MODEL.architecture().networks()) {
      for (String name : Calibration.convolutions(MODEL.architecture(), network)) {
        ranges.put(name, new Calibration.Range(0x1p-3f, 37.25f, 99.99, 21.5f, 1e-5));
      }
    }
    return new Calibration(ranges);
  }

  @Test
  void standsInTheMetadataAndIsNoPartOfTheIdentity() {
    Map<String, String> metadata =
        calibration().addTo(Map.of("name", "m", "fp8.old", "x"), "8 tiles");
    Model calibrated = MODEL.withMetadata("m", metadata);
    Model read = Model.read(calibrated.toBytes(), "m");
    assertThat(read.id()).isEqualTo(MODEL.id());
    assertThat(Calibration.of(read)).isEqualTo(calibration());
    assertThat(read.metadata())
        .containsEntry("fp8.data", "8 tiles")
        .containsEntry("fp8.g_a.2", "scale=0.125 max=37.25 p=99.99 quantile=21.5 clipped=1.0E-5");
    Calibration.of(read.decodeOnly()).require(MODEL.architecture(), Network.G_S);
  }

  @Test
  void everyConvolutionButTheFirstTakesScaledInput() {
    assertThat(calibration().ranges().keySet())
        .containsExactly("g_a.2", "g_a.4", "g_a.6", "g_s.0", "g_s.2", "g_s.4", "g_s.6");
  }

  @Test
  void saysWhatToDoWhereThereIsNone() {
    Calibration none = Calibration.of(MODEL);
    assertThatThrownBy(() -> none.require(MODEL.architecture(), Network.G_A))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("tessera calibrate");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "scale=0 max=1 p=99 quantile=1 clipped=0",
        "scale=1 max=1 p=99 quantile=1 clipped=2",
        "scale=1e max=1 p=99 quantile=1 clipped=0",
        "scale=1",
      })
  void refusesWhatIsNoCalibration(String text) {
    Model broken = MODEL.withMetadata("m", Map.of("fp8.g_a.2", text));
    assertThatThrownBy(() -> Calibration.of(broken))
        .isInstanceOf(TesseraException.Corrupt.class)
        .hasMessageContaining("fp8.g_a.2");
  }

  @ParameterizedTest
  @CsvSource({"448, 1", "449, 2", "224, 0.5", "1, 0.00390625", "1e6, 4096"})
  void scalesArePowersOfTwoThatHoldTheLimit(float limit, float scale) {
    assertThat(Calibration.Range.scaleFor(limit)).isEqualTo(scale);
    assertThat(scale * Calibration.E4M3_MAX).isGreaterThanOrEqualTo(limit);
  }

  @Test
  void nothingButZerosHasAScaleToo() {
    assertThat(Calibration.Range.scaleFor(0)).isPositive();
  }
}
