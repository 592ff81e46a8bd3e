package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.Field;
import dev.tessera.field.TesseraException;
import dev.tessera.synth.CosmologySynth.Quantity;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CosmologySynthTest {
  private static final int N = 32;

  private static float[] values(int n, long seed, Quantity quantity) {
    return new CosmologySynth(n, seed).generate(quantity).data().toArray(ValueLayout.JAVA_FLOAT);
  }

  private static double mean(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double correlation(float[] a, float[] b) {
    double meanA = mean(a);
    double meanB = mean(b);
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - meanA) * (b[i] - meanB);
      aa += (a[i] - meanA) * (a[i] - meanA);
      bb += (b[i] - meanB) * (b[i] - meanB);
    }
    return ab / Math.sqrt(aa * bb);
  }

  @ParameterizedTest
  @CsvSource({
    "BARYON_DENSITY, 6b200e9cde871f845552123f2d544ab8b4dc18b786dcae8c369939a5b37cfcb5",
    "VELOCITY_X, 5b321c38b6f6baf611ddef02de6fc24f39ec1a21badc76cc3eee32a3d9935564",
    "DARK_MATTER_DENSITY, d8a1b945d2f38f64f363118b4bcc802245660071e8fc06befb68c041edf7dbd8",
    "TEMPERATURE, d3a981f1432de9dccb14741db16ef21bee82a7b7a0407e5ca57b26b018ce4864",
    "VELOCITY_Z, 139bf7f1b9e49350854418b76aa365887a4d5803c2eceadbb8ba00e0f8e36b84",
  })
  void bytesAreTheSameEverywhere(Quantity quantity, String hash) throws Exception {
    Field field = new CosmologySynth(N, 42).generate(quantity);
    byte[] digest =
        MessageDigest.getInstance("SHA-256").digest(field.data().toArray(ValueLayout.JAVA_BYTE));
    assertThat(HexFormat.of().formatHex(digest)).isEqualTo(hash);
  }

  @Test
  void togetherAsAlone() {
    CosmologySynth synth = CosmologySynth.varied(20, 8);
    Map<Quantity, Field> together = synth.generate(EnumSet.allOf(Quantity.class));
    for (Quantity quantity : Quantity.values()) {
      assertThat(together.get(quantity).data().toArray(ValueLayout.JAVA_BYTE))
          .as(quantity.name())
          .isEqualTo(synth.generate(quantity).data().toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void numberOfThreadsDoesNotMatter() throws Exception {
    float[] parallel = values(48, 3, Quantity.TEMPERATURE);
    for (int threads : new int[] {1, 7}) {
      try (ForkJoinPool pool = new ForkJoinPool(threads)) {
        assertThat(pool.submit(() -> values(48, 3, Quantity.TEMPERATURE)).get())
            .isEqualTo(parallel);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Quantity.class)
  void fieldsAreNamedFiniteAndDifferBySeed(Quantity quantity) {
    Field field = new CosmologySynth(16, 1).generate(quantity);
    assertThat(field.info().name()).isEqualTo(quantity.name().toLowerCase(Locale.ROOT));
    assertThat(field.info().attributes()).containsEntry("units", quantity.units());
    assertThat(field.info().shape()).hasToString("16x16x16");
    float[] one = field.data().toArray(ValueLayout.JAVA_FLOAT);
    for (float value : one) {
      assertThat(Float.isFinite(value)).isTrue();
    }
    assertThat(values(16, 2, quantity)).isNotEqualTo(one);
  }

  @Test
  void meanDensityIsThatOfTheUniverse() {
    assertThat(mean(values(N, 5, Quantity.DARK_MATTER_DENSITY)) / 3.35e10)
        .isCloseTo(1, within(0.01));
    assertThat(mean(values(N, 5, Quantity.BARYON_DENSITY)) / 6.2e9).isCloseTo(1, within(0.01));
  }

  @Test
  void tailsAreHeavy() {
    float[] density = values(64, 7, Quantity.DARK_MATTER_DENSITY);
    float[] temperature = values(64, 7, Quantity.TEMPERATURE);
    Arrays.sort(density);
    Arrays.sort(temperature);
    int last = density.length - 1;
    assertThat(density[0]).isPositive();
    assertThat(density[0] / 3.35e10).isLessThan(0.1);
    assertThat(density[last] / 3.35e10).isGreaterThan(50);
    assertThat(density[last / 2] / 3.35e10).isBetween(0.2, 0.8);
    assertThat(temperature[0]).isBetween(5e2f, 5e3f);
    assertThat(temperature[last / 2]).isBetween(5e3f, 2e4f);
    assertThat(temperature[last]).isGreaterThan(3e5f);
  }

  @Test
  void quantitiesBelongTogether() {
    float[] density = values(N, 9, Quantity.DARK_MATTER_DENSITY);
    float[] temperature = values(N, 9, Quantity.TEMPERATURE);
    float[] baryons = values(N, 9, Quantity.BARYON_DENSITY);
    float[] divergence = new float[density.length];
    float[] logDensity = new float[density.length];
    float[] logTemperature = new float[density.length];
    float[] logBaryons = new float[density.length];
    float[][] velocity = {
      values(N, 9, Quantity.VELOCITY_X),
      values(N, 9, Quantity.VELOCITY_Y),
      values(N, 9, Quantity.VELOCITY_Z)
    };
    int[] strides = {1, N, N * N};
    for (int i = 0; i < density.length; i++) {
      logDensity[i] = (float) Math.log10(density[i]);
      logTemperature[i] = (float) Math.log10(temperature[i]);
      logBaryons[i] = (float) Math.log10(baryons[i]);
      for (int axis = 0; axis < 3; axis++) {
        int stride = strides[axis];
        int position = i / stride % N;
        int next = i + ((position + 1) % N - position) * stride;
        int previous = i + ((position + N - 1) % N - position) * stride;
        divergence[i] += velocity[axis][next] - velocity[axis][previous];
      }
    }
    assertThat(correlation(logDensity, logTemperature)).isGreaterThan(0.6);
    assertThat(correlation(logDensity, logBaryons)).isGreaterThan(0.85);
    assertThat(correlation(logDensity, divergence)).isLessThan(-0.4);
  }

  @Test
  void linearFieldHasTheSpectrumsSlope() {
    // power in shells of the contrast against the formula: a spectrum of another slope is off by a
    // factor
    int n = 48;
    PowerSpectrum spectrum = new PowerSpectrum(0.3);
    double cell = 0.5;
    float[] contrast = GaussianField.spectrum(n, cell, 0, 11, spectrum);
    for (int shell = 2; shell <= 20; shell += 3) {
      double power = 0;
      double expected = 0;
      for (int i = 0; i < n * n * n; i++) {
        int kx = Math.min(i % n, n - i % n);
        int ky = Math.min(i / n % n, n - i / n % n);
        int kz = Math.min(i / n / n, n - i / n / n);
        double k = Math.sqrt(kx * kx + ky * ky + kz * kz);
        if (Math.abs(k - shell) < 0.5) {
          power += Math.pow(contrast[2 * i], 2) + Math.pow(contrast[2 * i + 1], 2);
          expected += spectrum.at(k * 2 * Math.PI / n / cell) / Math.pow(cell, 3) * n * n * n;
        }
      }
      assertThat(power / expected).as("shell %d", shell).isBetween(0.6, 1.5);
    }
    assertThat(spectrum.at(2e-3) / spectrum.at(1e-3)).isCloseTo(Math.pow(2, 0.96), within(0.1));
    assertThat(spectrum.at(200) / spectrum.at(100)).isBetween(Math.pow(2, -3.1), Math.pow(2, -2.6));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 15, 641, Integer.MAX_VALUE})
  void otherSizesAreRefused(int n) {
    assertThatThrownBy(() -> new CosmologySynth(n, 0))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("16 to 640");
  }

  @Test
  void oddSizesWork() {
    assertThat(mean(values(17, 1, Quantity.DARK_MATTER_DENSITY)) / 3.35e10)
        .isCloseTo(1, within(0.01));
  }
}
