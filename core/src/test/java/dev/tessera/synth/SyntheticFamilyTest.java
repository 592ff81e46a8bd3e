package dev.tessera.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.Field;
import dev.tessera.field.Shape;
import dev.tessera.field.TesseraException;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SyntheticFamilyTest {
  private static float[] values(SyntheticFamily family, String shape, long seed) {
    return family.generate(Shape.parse(shape), seed).data().toArray(ValueLayout.JAVA_FLOAT);
  }

  /** SHA-256 of fields of seeds 1 to 6, so that most branches of a family take part. */
  @ParameterizedTest
  @CsvSource({
    "GAUSSIAN, 38e2ba34f1513ff2c479b0fb2deb1a416d748a90c414596afc9eef25a67da8e4",
    "TURBULENCE, 1d8f2311476193fecfddb50039cea47ab1da708acad9b2a4102854cca7b308f0",
    "FLOW, e2737650ef14f5b9aaebdf3a41de63226378fac41d4824a62ac9706dedc549ab",
    "FRONT, 483ebd8297fc9eedd2bccdcc70900af16f151322c5fb7d9552dd63214c317716",
    "CLIMATE, d0cab219723c6c8a64aac9ecd2deac07e50416bf2da87ec43e1c55bbb9295293",
    "CYCLONE, 415af0195841f1945c5b4238f9baeec46dbe4ef2cb130af111366242986d7a33",
    "MICROSCOPY, b0489c8a476207c5c52a0de357cd6bfe1153cbd96fd5e85b8edf8db6f385f60b",
    "DETECTOR, b2c6cf3e205cbb6a274956062bafe15173ff58ee585ca216b9bb02b0f84d84b9",
    "SKY, aa19119d2068ca37aec85db43fb0cff2cf168e928c087a2059aafb2131d05f41",
    "REACTION, 9c570952f4c3ec7505b201a7201473ba465e4cce1583582c568003ccd4c589e9",
    "SEISMIC, c9d5b997d96b83aec4da418f1fb0a1a63db07c793bb4452d91c2ae6cceab0ad2",
    "TERRAIN, 16a2e8c22fb4598de063d4cd53881270c7f2679e835ba3d5c4cc63c808da2ee7",
    "PLUME, e850fd57fcba8bf48a5509a60a282627098bf72614cdb1c39723eff8ba1c6ef1",
  })
  void bytesAreTheSameEverywhere(SyntheticFamily family, String hash) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (int seed = 1; seed <= 6; seed++) {
      Field field = family.generate(Shape.of(5, 48, 36), seed);
      digest.update(field.data().toArray(ValueLayout.JAVA_BYTE));
    }
    assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(hash);
  }

  @ParameterizedTest
  @EnumSource(SyntheticFamily.class)
  void numberOfThreadsDoesNotMatter(SyntheticFamily family) throws Exception {
    float[] parallel = values(family, "6x32x32", 3);
    for (int threads : new int[] {1, 7}) {
      try (ForkJoinPool pool = new ForkJoinPool(threads)) {
        assertThat(pool.submit(() -> values(family, "6x32x32", 3)).get()).isEqualTo(parallel);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(SyntheticFamily.class)
  void fieldsAreFiniteAndShowSomething(SyntheticFamily family) {
    for (int seed = 10; seed < 26; seed++) {
      float[] values = values(family, seed % 2 == 0 ? "8x40x48" : "16x20x24", seed);
      double sum = 0;
      double squares = 0;
      for (float value : values) {
        assertThat(Float.isFinite(value)).as("seed %d", seed).isTrue();
        // denormals would make any later arithmetic crawl
        assertThat(value == 0 || Math.abs(value) >= Float.MIN_NORMAL).as("seed %d", seed).isTrue();
        sum += value;
        squares += (double) value * value;
      }
      double mean = sum / values.length;
      double deviation = Math.sqrt(squares / values.length - mean * mean);
      assertThat(deviation).as("seed %d", seed).isGreaterThan(1e-4 * Math.abs(mean));
    }
  }

  @ParameterizedTest
  @EnumSource(SyntheticFamily.class)
  void seedsDifferAndFieldsAreNamed(SyntheticFamily family) {
    assertThat(values(family, "4x32x32", 1)).isNotEqualTo(values(family, "4x32x32", 2));
    Field field = family.generate(Shape.of(1, 16, 17), 1);
    assertThat(field.info().name()).isEqualTo(family.name().toLowerCase(Locale.ROOT));
    assertThat(field.info().shape()).hasToString("1x16x17");
  }

  @ParameterizedTest
  @ValueSource(strings = {"64x64", "2x15x64", "2x64x15", "2x2x64x64", "4096x4096x64"})
  void otherShapesAreRefused(String shape) {
    assertThatThrownBy(() -> SyntheticFamily.SKY.generate(Shape.parse(shape), 1))
        .isInstanceOf(TesseraException.Invalid.class)
        .hasMessageContaining("synthetic field has");
  }

  @Test
  void microscopyHasTheStatisticsOfPhotons() {
    // a camera of gain 2 and offset 100 that sees 30 photons: mean 160, variance 4 · 30
    float[] light = new float[40_000];
    Arrays.fill(light, 30);
    new PhotonDetector(2, 100, 0, 65535).expose(light, new Draw(4));
    double sum = 0;
    double squares = 0;
    for (float value : light) {
      sum += value;
      squares += (double) value * value;
    }
    double mean = sum / light.length;
    assertThat(mean).isBetween(159.5, 160.5);
    assertThat(squares / light.length - mean * mean).isBetween(115.0, 125.0);
  }
}
