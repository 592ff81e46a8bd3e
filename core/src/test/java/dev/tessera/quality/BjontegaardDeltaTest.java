package dev.tessera.quality;

import static java.lang.Double.POSITIVE_INFINITY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.TesseraException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Distances of curves that can be told by hand, and those that SciPy's interpolator gives. */
final class BjontegaardDeltaTest {
  private static RateDistortionCurve curve(String name, double... bitsAndPsnr) {
    List<RateDistortionCurve.Point> points = new ArrayList<>();
    for (int i = 0; i < bitsAndPsnr.length; i += 2) {
      points.add(new RateDistortionCurve.Point(bitsAndPsnr[i], bitsAndPsnr[i + 1]));
    }
    return new RateDistortionCurve(name, points);
  }

  private static double rate(RateDistortionCurve anchor, RateDistortionCurve test) {
    return BjontegaardDelta.rate(anchor, test, POSITIVE_INFINITY);
  }

  @Test
  void fewerBitsForTheSameQuality() {
    RateDistortionCurve anchor = curve("a", 0.1, 30, 0.2, 34, 0.5, 37, 1, 41);
    RateDistortionCurve test = curve("b", 0.08, 30, 0.16, 34, 0.4, 37, 0.8, 41);

    assertThat(rate(anchor, test)).isCloseTo(-0.2, within(1e-12));
    assertThat(rate(test, anchor)).isCloseTo(0.25, within(1e-12));
    assertThat(rate(anchor, anchor)).isZero();
    assertThat(BjontegaardDelta.psnr(anchor, test)).isPositive();
  }

  @Test
  void moreQualityForTheSameBits() {
    RateDistortionCurve anchor = curve("a", 0.1, 30, 0.2, 34, 0.5, 37, 1, 41);
    RateDistortionCurve test = curve("b", 0.1, 31.5, 0.2, 35.5, 0.5, 38.5, 1, 42.5);

    assertThat(BjontegaardDelta.psnr(anchor, test)).isCloseTo(1.5, within(1e-12));
    assertThat(BjontegaardDelta.psnr(test, anchor)).isCloseTo(-1.5, within(1e-12));
    assertThat(rate(anchor, test)).isNegative();
  }

  /** Lines of 10 and 5 dB a decade, which meet at 0.1 bits and 30 dB; shared are 30 to 35 dB. */
  @Test
  void onlyWhatCurvesShareCounts() {
    RateDistortionCurve anchor = curve("a", 0.01, 20, 1, 40);
    RateDistortionCurve test = curve("b", 0.1, 30, 1, 35);

    // at 30 dB as many bits, at 35 dB 1 against 10^-0.5: on average 10^0.25 times as many
    assertThat(rate(anchor, test)).isCloseTo(Math.pow(10, 0.25) - 1, within(1e-12));
    // at 0.1 bits 0 dB, at 1 bit 5 dB less
    assertThat(BjontegaardDelta.psnr(anchor, test)).isCloseTo(-2.5, within(1e-12));
    // up to 32 dB: 10^(0.4 / 2 - 0.2 / 2)
    assertThat(BjontegaardDelta.rate(anchor, test, 32))
        .isCloseTo(Math.pow(10, 0.1) - 1, within(1e-12));
  }

  @Test
  void ofASinglePointItIsTheDistanceThere() {
    RateDistortionCurve anchor = curve("a", 0.01, 20, 1, 40);
    RateDistortionCurve test = curve("b", 0.1, 33);

    assertThat(rate(anchor, test)).isCloseTo(Math.pow(10, -0.3) - 1, within(1e-12));
    assertThat(BjontegaardDelta.psnr(anchor, test)).isCloseTo(3, within(1e-12));
    assertThat(BjontegaardDelta.psnr(test, anchor)).isCloseTo(-3, within(1e-12));
  }

  /** scipy.interpolate.PchipInterpolator(x, y), SciPy 1.17.1. */
  @Test
  void theInterpolationIsSciPys() {
    double[] x = {0, 1, 3, 4, 7};
    MonotoneCubic rising = new MonotoneCubic(x, new double[] {1, 2, 2.5, 6, 6.25});
    MonotoneCubic turning = new MonotoneCubic(x, new double[] {0, 3, 1, 2, 8});

    assertThat(rising.value(0)).isCloseTo(1.0, within(1e-12));
    assertThat(rising.value(0.25)).isCloseTo(1.3119419642857144, within(1e-12));
    assertThat(rising.value(0.9)).isCloseTo(1.9485357142857143, within(1e-12));
    assertThat(rising.value(2)).isCloseTo(2.228044496487119, within(1e-12));
    assertThat(rising.value(3.5)).isCloseTo(4.290355631940772, within(1e-12));
    assertThat(rising.value(5.5)).isCloseTo(6.19758064516129, within(1e-12));
    assertThat(rising.value(7)).isCloseTo(6.25, within(1e-12));
    assertThat(rising.mean(0.5, 6)).isCloseTo(3.98891975782923, within(1e-12));
    assertThat(turning.value(0.25)).isCloseTo(1.0781249999999998, within(1e-12));
    assertThat(turning.value(2)).isCloseTo(2.0, within(1e-12));
    assertThat(turning.value(3.2)).isCloseTo(1.0635789473684212, within(1e-12));
    assertThat(turning.value(6)).isCloseTo(5.502923976608187, within(1e-12));
  }

  /** As above, integrated over what the curves share. */
  @Test
  void bentCurves() {
    RateDistortionCurve anchor = curve("a", 0.05, 30.1, 0.11, 33.0, 0.23, 36.4, 0.5, 40.2);
    RateDistortionCurve test = curve("b", 0.41, 40.0, 0.04, 30.5, 0.09, 33.6, 0.2, 37.1);

    assertThat(rate(anchor, test)).isCloseTo(-0.25961879738365956, within(1e-12));
    assertThat(BjontegaardDelta.psnr(anchor, test)).isCloseTo(1.2979159792526607, within(1e-12));
  }

  @Test
  void refusesWhatHasNoDistance() {
    RateDistortionCurve low = curve("low", 0.01, 20, 0.1, 25);
    RateDistortionCurve high = curve("high", 0.2, 30, 1, 40);

    assertThatThrownBy(() -> rate(low, high))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessage("high and low share no PSNR: 30.00 to 40.00 and 20.00 to 25.00 dB");
    assertThatThrownBy(() -> BjontegaardDelta.psnr(low, high))
        .hasMessage("high and low share no rate: 0.2000 to 1.000 and 0.01000 to 0.1000 bits/value");
    assertThatThrownBy(() -> BjontegaardDelta.rate(high, high, 25))
        .hasMessageContaining("share no PSNR up to 25.00 dB");
  }

  @Test
  void refusesWhatIsNoCurve() {
    assertThatThrownBy(() -> curve("c", 0.1, 30, 0.2, 29))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessage(
            "c does not rise: 0.1000 bits/value with 30.00 dB, then 0.2000 bits/value with 29.00"
                + " dB");
    assertThatThrownBy(() -> curve("c", 0, 30)).hasMessageContaining("without a rate");
    assertThatThrownBy(() -> curve("c", 0.1, Double.NaN)).hasMessageContaining("without a rate");
    assertThatThrownBy(() -> curve("c", 3, POSITIVE_INFINITY))
        .hasMessage("c has no point with an error");
    assertThat(curve("c", 3, POSITIVE_INFINITY, 0.1, 30).points()).hasSize(1);
  }
}
