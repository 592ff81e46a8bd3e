package dev.tessera.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tessera.field.DataType;
import dev.tessera.field.TesseraException;
import dev.tessera.testing.TestData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NormalizerTest {
  /** Fits one row per slice and passes the normalizer through its own bytes. */
  private static Normalizer fit(String spec, DataType type, double[]... slices) {
    Normalizer.Fit fit = NormalizerSpec.parse(spec).fit(type, slices.length);
    for (int s = slices.length - 1; s >= 0; s--) {
      fit.accept(s, slices[s], slices[s].length);
    }
    Normalizer fitted = fit.finish();
    Normalizer read = Normalizer.read(fitted.spec(), type, slices.length, fitted.parameters());
    assertThat(read.parameters()).isEqualTo(fitted.parameters());
    for (int s = 0; s < slices.length; s++) {
      double[] values = slices[s].length == 0 ? new double[] {1} : slices[s];
      assertThat(forward(read, s, values)).isEqualTo(forward(fitted, s, values));
    }
    return read;
  }

  private static double[] forward(Normalizer normalizer, long slice, double... values) {
    double[] row = values.clone();
    normalizer.forward(slice, row, row.length);
    return row;
  }

  private static double[] inverse(Normalizer normalizer, long slice, double... values) {
    double[] row = values.clone();
    normalizer.inverse(slice, row, row.length);
    return row;
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void rangeIsTheTypesOwn(DataType type) {
    Normalizer normalizer = fit("range", type, new double[] {0, 1});
    double low = type.isFloat() ? 0 : type.min();
    double high = type.isFloat() ? 1 : type.max();
    assertThat(forward(normalizer, 0, low, high)).containsExactly(0, 1);
    assertThat(inverse(normalizer, 0, -3, 0, 1, 7)).containsExactly(low, low, high, high);
    assertThat(normalizer.inDomain(low)).isTrue();
    assertThat(normalizer.inDomain(high)).isTrue();
    assertThat(normalizer.parameters()).isEmpty();
  }

  @Test
  void bytesAreDividedBy255() {
    Normalizer normalizer = fit("range", DataType.UINT8, new double[] {0});
    for (int value = 0; value < 256; value++) {
      assertThat((float) forward(normalizer, 0, value)[0]).isEqualTo(value / 255f);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "none",
        "log10",
        "log1p",
        "asinh",
        "asinh:100",
        "range:0.001:50000",
        "minmax:slice",
        "minmax:field",
        "meanstd:slice",
        "meanstd:field",
        "log10,minmax:slice",
        "log10,minmax:field",
        "log1p,meanstd:slice",
        "asinh:3,meanstd:field",
        "log1p,log1p,asinh,minmax",
        "log10,range:-3:6",
        "log10,asinh"
      })
  void inverseRestores(String spec) {
    Random random = new Random(spec.hashCode());
    double[][] slices = new double[9][500];
    for (double[] slice : slices) {
      double center = random.nextGaussian() * 3;
      Arrays.setAll(
          slice, i -> Math.max(0.01, Math.min(4e4, Math.exp(center + random.nextGaussian()))));
    }
    Normalizer normalizer = fit(spec, DataType.FLOAT64, slices);
    for (int s = 0; s < slices.length; s++) {
      double[] normalized = forward(normalizer, s, slices[s]);
      if (spec.contains("minmax") || spec.contains("range")) {
        assertThat(Arrays.stream(normalized)).allMatch(v -> v >= 0 && v <= 1);
      }
      if (spec.equals("meanstd:slice")) {
        double mean = Arrays.stream(normalized).average().orElseThrow();
        double power = Arrays.stream(normalized).map(v -> v * v).average().orElseThrow();
        assertThat(mean).isCloseTo(0, within(0.01));
        assertThat(power).isCloseTo(1, within(0.01));
      }
      double[] back = inverse(normalizer, s, normalized);
      for (int i = 0; i < back.length; i++) {
        assertThat(back[i]).isCloseTo(slices[s][i], within(1e-10 * 4e4));
      }
    }
  }

  @Test
  void inverseErrorIsTheNormalizedErrorTimesTheWidth() {
    double[] slice = new Random(2).doubles(1000, -40, 70).toArray();
    Normalizer normalizer = fit("minmax", DataType.FLOAT64, slice);
    double[] normalized = forward(normalizer, 0, slice);
    for (int i = 0; i < slice.length; i++) {
      normalized[i] += i % 2 == 0 ? 0.01 : -0.01;
    }
    double[] back = inverse(normalizer, 0, normalized);
    for (int i = 0; i < slice.length; i++) {
      assertThat(back[i]).isCloseTo(slice[i], within(0.01 * 110 * (1 + 2 / 128.0)));
    }
  }

  @Test
  void clampsOnlyWhereNormalizedValuesHaveLimits() {
    double[] slice = {10, 20};
    assertThat(inverse(fit("minmax:field", DataType.FLOAT32, slice), 0, -1, 2))
        .containsExactly(10, 20);
    assertThat(inverse(fit("range:10:20", DataType.FLOAT32, slice), 0, -1, 2))
        .containsExactly(10, 20);
    assertThat(inverse(fit("meanstd:field", DataType.FLOAT32, slice), 0, -10, 10))
        .containsExactly(-35, 65);
    assertThat(inverse(fit("none", DataType.FLOAT32, slice), 0, -10, 10)).containsExactly(-10, 10);
  }

  @ParameterizedTest
  @ValueSource(strings = {"minmax:slice", "minmax:field", "meanstd:slice", "meanstd:field"})
  void extremesStayFinite(String spec) {
    double[][] cases = {
      {-Double.MAX_VALUE, Double.MAX_VALUE},
      {-1e308, 1e308, 0, 1e-308},
      {Double.MIN_VALUE, 2 * Double.MIN_VALUE, 5 * Double.MIN_VALUE},
      {-Double.MIN_VALUE, 0, Double.MAX_VALUE},
      {1, Math.nextUp(1.0)},
      {Double.MAX_VALUE, Math.nextDown(Double.MAX_VALUE)},
      {1e-310, 3e-310},
    };
    for (double[] values : cases) {
      Normalizer normalizer = fit(spec, DataType.FLOAT64, values);
      double[] normalized = forward(normalizer, 0, values);
      assertThat(Arrays.stream(normalized))
          .allMatch(Double::isFinite)
          .allMatch(v -> Math.abs(v) <= 10);
      double[] back = inverse(normalizer, 0, normalized);
      double span = Arrays.stream(values).map(Math::abs).max().orElseThrow();
      for (int i = 0; i < values.length; i++) {
        double tolerance = Math.max(span * 1e-15, Double.MIN_VALUE);
        assertThat(Math.abs(back[i] / 4 - values[i] / 4)).isLessThanOrEqualTo(tolerance);
      }
      assertThat(Arrays.stream(inverse(normalizer, 0, -1e308, 1e308, 1e300)))
          .allMatch(Double::isFinite);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "minmax:slice",
        "minmax:field",
        "meanstd:slice",
        "meanstd:field",
        "log10,minmax:slice",
        "log1p,minmax:field",
        "asinh,meanstd:slice"
      })
  void constantAndSingleValuesComeBackExactly(String spec) {
    for (double value : new double[] {(float) 0.1, 1e30f, Float.MIN_VALUE, 7}) {
      double[] slice = new double[5];
      Arrays.fill(slice, value);
      Normalizer constant = fit(spec, DataType.FLOAT32, slice);
      assertThat(forward(constant, 0, slice)).containsOnly(0);
      assertThat(inverse(constant, 0, 0.3, -1, 2)).containsOnly(value);
      Normalizer single = fit(spec, DataType.FLOAT32, new double[] {value});
      assertThat(inverse(single, 0, 0.9)).containsExactly(value);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"minmax:slice", "minmax:field", "meanstd:slice", "meanstd:field"})
  void slicesWithoutValidValuesAreZero(String spec) {
    Normalizer normalizer = fit(spec, DataType.INT16, new double[0], new double[0]);
    assertThat(forward(normalizer, 1, 5, 6)).containsExactly(0, 0);
    assertThat(inverse(normalizer, 1, 0.5)).containsExactly(0);
    assertThat(normalizer.parameters().length).isLessThan(3);
  }

  /** What devices are told of a slice is what both directions do. */
  @ParameterizedTest
  @ValueSource(
      strings = {"minmax:slice", "meanstd:slice", "minmax:field", "meanstd:field", "range"})
  void mapsSayWhatHappensToASlice(String spec) {
    double[][] slices = {{0.1, 0.7, 0.3}, {}, {0.5, 0.5}, {0.9, 0.2}};
    Normalizer normalizer = fit(spec, DataType.FLOAT64, slices);
    assertThat(normalizer.isPerSlice()).isEqualTo(spec.endsWith("slice"));
    for (int s = 0; s < slices.length; s++) {
      SliceMap map = normalizer.map(s);
      boolean flat = normalizer.isPerSlice() && (s == 1 || s == 2);
      assertThat(map.kind()).isEqualTo(flat ? SliceMap.Kind.FLAT : SliceMap.Kind.AFFINE);
      double[] normalized = forward(normalizer, s, 0.25, 0.6);
      double[] restored = inverse(normalizer, s, 0.25, 0.6);
      if (flat) {
        assertThat(normalized).containsOnly(0);
        assertThat(restored).containsOnly(map.offset());
      } else {
        double expected = (0.6 * map.scale() - map.offset()) / map.width();
        assertThat(normalized[1])
            .isEqualTo(normalizer.clamps() ? Math.clamp(expected, 0.0, 1.0) : expected);
        assertThat(restored[1]).isEqualTo((0.6 * map.width() + map.offset()) / map.scale());
      }
    }
    assertThat(fit("log10", DataType.FLOAT64, new double[] {1}).map(0))
        .isEqualTo(SliceMap.IDENTITY);
  }

  @Test
  void limitsAreCollectedOverCallsInAnyOrder() {
    NormalizerSpec spec = NormalizerSpec.parse("minmax:slice");
    Normalizer.Fit fit = spec.fit(DataType.INT32, 3);
    fit.accept(2, new double[] {128, 999}, 1);
    fit.accept(0, new double[] {-64}, 1);
    fit.accept(2, new double[] {0}, 1);
    fit.accept(0, new double[] {64, 0}, 2);
    fit.accept(1, new double[] {5}, 0);
    Normalizer normalizer = fit.finish();
    assertThat(forward(normalizer, 2, 0, 64, 128)).containsExactly(0, 0.5, 1);
    assertThat(forward(normalizer, 0, -64, 0, 64)).containsExactly(0, 0.5, 1);
    assertThat(forward(normalizer, 1, 3)).containsExactly(0);
  }

  @Test
  void meanAndDeviationDoNotDependOnHowValuesArrive() {
    double[] values = new Random(4).doubles(3000, 1e150, 3e200).toArray();
    Normalizer.Fit whole = NormalizerSpec.parse("meanstd:field").fit(DataType.FLOAT64, 1);
    whole.accept(0, values, values.length);
    Normalizer.Fit parts = NormalizerSpec.parse("meanstd:field").fit(DataType.FLOAT64, 1);
    for (int i = 0; i < values.length; i += 7) {
      double[] part = Arrays.copyOfRange(values, i, Math.min(values.length, i + 7));
      parts.accept(0, part, part.length);
    }
    double[] a = inverse(whole.finish(), 0, 0, 1);
    double[] b = inverse(parts.finish(), 0, 0, 1);
    assertThat(b[0] / a[0]).isCloseTo(1, within(1e-12));
    assertThat(b[1] / a[1]).isCloseTo(1, within(1e-12));
    assertThat((a[1] - a[0]) / (3e200 / Math.sqrt(12))).isCloseTo(1, within(0.05));
  }

  @Test
  void valuesOutsideTheDomainAreNotMeasured() {
    Normalizer.Fit fit = NormalizerSpec.parse("log10,minmax").fit(DataType.FLOAT32, 1);
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThat(fit.inDomain(bad)).isFalse();
      assertThatThrownBy(() -> fit.accept(0, new double[] {1, bad}, 2))
          .isInstanceOf(TesseraException.Invalid.class)
          .hasMessageContaining("mask");
    }
  }

  @Test
  void tooManySlicesAreRefused() {
    assertThatThrownBy(() -> NormalizerSpec.parse("minmax").fit(DataType.FLOAT32, 1L << 40))
        .isInstanceOf(TesseraException.Unsupported.class)
        .hasMessageContaining(":field");
    Normalizer.Fit fit = NormalizerSpec.parse("minmax:field").fit(DataType.FLOAT32, 1L << 40);
    fit.accept((1L << 40) - 1, new double[] {0, 4}, 2);
    assertThat(forward(fit.finish(), 1L << 39, 1)).containsExactly(0.25);
  }

  @ParameterizedTest
  @ValueSource(strings = {"minmax:field", "log10,minmax:field", "meanstd:field", "none", "minmax"})
  void hostileParametersAreCorruptOrUsable(String text) {
    NormalizerSpec spec = NormalizerSpec.parse(text);
    Random random = new Random(17);
    for (int i = 0; i < 5000; i++) {
      byte[] bytes = new byte[random.nextInt(20)];
      random.nextBytes(bytes);
      if (bytes.length > 0 && random.nextInt(4) > 0) {
        bytes[0] = (byte) random.nextInt(3);
      }
      try {
        Normalizer normalizer = Normalizer.read(spec, DataType.FLOAT32, 5, bytes);
        assertThat(Arrays.stream(inverse(normalizer, 4, 0, 1, 0.5))).allMatch(Double::isFinite);
      } catch (TesseraException.Corrupt expected) {
        assertThat(expected).hasMessageContaining("normalizer");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "nyxlike_dark_matter_density_48x128x128.f32, minmax, 48, 64",
    "nyxlike_dark_matter_density_48x128x128.f32, 'log10,minmax', 48, 64",
    "nyxlike_temperature_48x128x128.f32, minmax, 48, 64",
    "nyxlike_temperature_48x128x128.f32, 'log10,minmax', 48, 64",
    "nyxlike_velocity_x_48x128x128.f32, minmax, 48, 74",
    "nyxlike_velocity_x_48x128x128.f32, meanstd, 48, 96",
    "real/climate/a1b_tas_240x37x49.f32, minmax, 240, 300",
    "real/climate/cesm_TS_10x192x288.f32, minmax, 10, 20",
    "real/climate/cesm_PRECT_10x192x288.f32, minmax, 10, 20",
    "real/climate/um_theta_15x100x100.f32, minmax, 15, 32",
    "real/climate/ipsl_tos_24x170x180.f32, minmax, 24, 48",
  })
  void costsAboutOneByteASlice(String file, String spec, int slices, int mostBytes)
      throws IOException {
    ByteBuffer data =
        ByteBuffer.wrap(Files.readAllBytes(TestData.shared("data/" + file)))
            .order(ByteOrder.LITTLE_ENDIAN);
    Normalizer.Fit fit = NormalizerSpec.parse(spec).fit(DataType.FLOAT32, slices);
    double[] row = new double[data.remaining() / 4 / slices];
    for (int s = 0; s < slices; s++) {
      int count = 0;
      for (int i = 0; i < row.length; i++) {
        float value = data.getFloat();
        if (value < 1e19f) {
          row[count++] = value;
        }
      }
      fit.accept(s, row, count);
    }
    Normalizer normalizer = fit.finish();
    byte[] parameters = normalizer.parameters();
    assertThat(parameters.length).isLessThanOrEqualTo(mostBytes);
    Normalizer read = Normalizer.read(normalizer.spec(), DataType.FLOAT32, slices, parameters);
    assertThat(forward(read, slices - 1, row)).isEqualTo(forward(normalizer, slices - 1, row));
  }
}
